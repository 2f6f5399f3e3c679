/** Where a line ends and the next begins: its words are buttons. */

import { h } from "../dom.js";
import { t } from "../texts/speakers.js";

/**
 * @param {import("./sheet.js").Sheet} window
 * @param {{key: string, words: readonly string[]}} line
 * @param {() => void} back
 * @param {(command: import("./menu.js").Command, said: string) => void} done
 */
export function wordsToSplit(window, { key, words }, back, done) {
  const buttons = words.map((word, place) => {
    if (place === 0) return h("span", { class: "word" }, word);
    const act = () => done({ type: "split_segment", segment: key, word: place }, t("doneSplit"));
    const button = h("button", { type: "button", class: "word", onclick: act, autofocus: place === 1 }, word);
    button.setAttribute("aria-label", t("splitAt", { word }));
    return button;
  });
  window.show(
    t("split"),
    h("p", { class: "quiet-text" }, t("splitHelp")),
    h("div", { class: "words-to-split", lang: "ko" }, ...buttons),
    h("div", { class: "row end" }, h("button", { type: "button", onclick: back }, t("back"))),
  );
  // A pointer shows where the cut would be: what comes after it gets another colour.
  const mark = (/** @type {Event} */ event) => {
    const at = buttons.findIndex((button) => button === event.target);
    buttons.forEach((button, place) => button.classList.toggle("after", at > 0 && place >= at));
  };
  for (const button of buttons) {
    button.addEventListener("pointerenter", mark);
    button.addEventListener("focus", mark);
  }
}
