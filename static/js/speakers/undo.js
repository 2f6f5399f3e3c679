/** The message after a correction, with its way back; and the key for it. */

import { fill, h } from "../dom.js";
import { t } from "../texts/speakers.js";

const SHOWN_MS = 10_000;

/** @returns {{element: HTMLElement, tell: (said: string, undo: (() => void) | null) => void}} */
export function undoBar() {
  const words = h("p", { role: "status" });
  const action = h("span");
  const element = h("div", { class: "undo-bar", hidden: true }, words, action);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let hiding;
  /** @type {Element | null} */
  let before = null;
  const hide = () => {
    // Whoever is on its way to the button still gets there.
    if (element.matches(":hover, :focus-within")) hiding = setTimeout(hide, SHOWN_MS);
    else element.hidden = true;
  };
  return {
    element,
    tell(said, undo) {
      clearTimeout(hiding);
      if (!element.contains(document.activeElement)) before = document.activeElement;
      element.hidden = false;
      fill(words, said || t("undone"));
      const act = () => {
        element.hidden = true;
        const back = before?.isConnected ? before : document.querySelector("main");
        if (back instanceof HTMLElement) back.focus({ preventScroll: true });
        undo?.();
      };
      fill(action, undo && h("button", { type: "button", class: "undo", onclick: act }, t("undo")));
      hiding = setTimeout(hide, SHOWN_MS);
    },
  };
}

/** @param {KeyboardEvent} event @returns {boolean} Ctrl+Z (⌘Z), but not while somebody writes. */
export function isUndo({ code, ctrlKey, metaKey, shiftKey, altKey, target }) {
  if (code !== "KeyZ" || shiftKey || altKey || !(ctrlKey || metaKey)) return false;
  if (document.querySelector("dialog[open]")) return false;
  return !(target instanceof HTMLElement && target.matches("textarea, input, select"));
}
