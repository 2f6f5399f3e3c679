/** Keeps the screen on: a phone that locks stops listening. */

/**
 * @returns {() => void} Lets the screen sleep again. Where the browser cannot keep it on, or will
 *   not because the battery is low, nothing happens.
 */
export function keepAwake() {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let isOver = false;

  async function acquire() {
    // The browser lets go of it whenever the page is hidden.
    if (isOver || document.visibilityState !== "visible" || (lock && !lock.released)) return;
    try {
      lock = await navigator.wakeLock.request("screen");
    } catch {
      return;
    }
    if (isOver) await lock.release();
  }

  document.addEventListener("visibilitychange", acquire);
  acquire();
  return () => {
    isOver = true;
    document.removeEventListener("visibilitychange", acquire);
    lock?.release();
    lock = null;
  };
}
