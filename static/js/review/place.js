/** The reader's place in a page that is made anew: its scrolling and the focus. */

/** @param {HTMLElement} body @param {() => void} make */
export function keepingPlace(body, make) {
  const at = place(body);
  const top = scrollY;
  make();
  scrollTo({ top, behavior: "instant" });
  at?.()?.focus({ preventScroll: true });
}

/** @param {HTMLElement} body @returns {(() => HTMLElement | null) | null} Finds it again. */
function place(body) {
  const active = document.activeElement;
  const item = body.contains(active) ? active?.closest("li") : null;
  const list = item?.parentElement?.closest("[id]");
  if (!active || !item || !list) return null;
  const which = [...item.querySelectorAll("button")].findIndex((one) => one === active);
  const number = [...item.parentElement?.children ?? []].indexOf(item);
  return () => {
    // A line that was split has gone; its first part stands where it was.
    const same = item.id ? document.getElementById(item.id) : null;
    const now = same ?? document.querySelectorAll(`#${list.id} li`)[number] ?? null;
    const button = now?.querySelectorAll("button")[Math.max(0, which)];
    return button ?? /** @type {HTMLElement | null} */ (now);
  };
}
