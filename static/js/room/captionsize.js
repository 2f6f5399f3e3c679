/** The size of the captions: for eyes across the table, kept for the next time. */

import { h } from "../dom.js";
import { t } from "../texts/room.js";

const KEY = "caption-size";
const SIZES = ["s", "m", "l", "xl", "xxl"];

/** @returns {number} A place in `SIZES`. */
function kept() {
  try {
    const place = SIZES.indexOf(localStorage.getItem(KEY) ?? "");
    return place < 0 ? 1 : place;
  } catch {
    return 1; // Storage is forbidden in some private windows.
  }
}

/** @param {HTMLElement} target Gets `data-size`. @returns {HTMLElement} Two buttons. */
export function captionSize(target) {
  let size = kept();
  const smaller = h("button", { type: "button", class: "quiet", "aria-label": t("smaller") }, "A−");
  const larger = h("button", { type: "button", class: "quiet", "aria-label": t("larger") }, "A+");
  const choose = (/** @type {number} */ wanted) => {
    size = Math.min(SIZES.length - 1, Math.max(0, wanted));
    const name = SIZES[size] ?? "m";
    target.dataset.size = name;
    smaller.disabled = size === 0;
    larger.disabled = size === SIZES.length - 1;
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // Then it lasts as long as the page.
    }
  };
  smaller.addEventListener("click", () => choose(size - 1));
  larger.addEventListener("click", () => choose(size + 1));
  choose(size);
  return h("div", { class: "sizes" }, smaller, larger);
}
