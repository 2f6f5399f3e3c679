/** Copies the page's address, link included, for another browser of the same device. */

import { h, setText } from "../dom.js";
import { t } from "../texts/lobby.js";

/** @returns {HTMLButtonElement} */
export function copyAddress() {
  const button = h("button", { type: "button", onclick: copy }, t("copyAddress"));

  async function copy() {
    try {
      await navigator.clipboard.writeText(location.href);
      setText(button, t("copied"));
    } catch {
      setText(button, t("notCopied"));
    }
  }

  return button;
}
