/** Every wait of the journeys has an end, and says what it waited for. */

const LOOK_MS = 50;

/**
 * Resolves to what `look` returns as soon as that is neither false nor empty.
 *
 * @template T
 * @param {string} what Completes "waited in vain for …".
 * @param {() => T | Promise<T>} look
 * @param {number} [limit_ms]
 * @returns {Promise<NonNullable<T>>}
 * @throws {Error} The limit is over.
 */
export async function until(what, look, limit_ms = 10_000) {
  const end = Date.now() + limit_ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`waited ${limit_ms / 1000} s in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/**
 * @template T
 * @param {string} what
 * @param {Promise<T>} promise
 * @param {number} limit_ms
 * @returns {Promise<T>}
 * @throws {Error} The limit is over.
 */
export function within(what, promise, limit_ms) {
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;
  const late = new Promise((_, reject) => {
    const error = new Error(`waited ${limit_ms / 1000} s in vain for ${what}`);
    timer = setTimeout(() => reject(error), limit_ms);
  });
  return Promise.race([promise, /** @type {Promise<never>} */ (late)]).finally(() =>
    clearTimeout(timer),
  );
}
