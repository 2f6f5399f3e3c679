/** A short message over the page: what did not work, or what is going on. */

import { h } from "../dom.js";

const SHOWN_MS = 8000;

/**
 * @param {string} text
 * @param {boolean} [isLasting] Stays until it is closed.
 * @returns {() => void} Closes it.
 */
export function toast(text, isLasting = false) {
  const element = h("div", { class: "toast", role: "status" }, text);
  document.body.append(element);
  const close = () => element.remove();
  if (!isLasting) setTimeout(close, SHOWN_MS);
  return close;
}
