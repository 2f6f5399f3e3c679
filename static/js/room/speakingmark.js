/**
 * The mark of somebody who speaks now. It comes and goes every few seconds, which a screen reader
 * must not tell; nor does it move, for it stands beside words that are being read.
 */

import { h } from "../dom.js";
import { t } from "../texts/room.js";

/** @returns {HTMLElement} Hidden at first. */
export function speakingMark() {
  const bars = h("span", { class: "speaking-bars" }, h("i"), h("i"), h("i"));
  return h("span", { class: "speaking", "aria-hidden": "true", hidden: true }, bars, t("speaking"));
}

/**
 * The mark in the place of a word, which only eyes lose while it is there.
 *
 * @param {string} word
 * @returns {{parts: Node[], show: (isSpeaking: boolean) => void}}
 */
export function speakingWord(word) {
  const mark = speakingMark();
  const plain = h("span", {}, word);
  return {
    parts: [plain, mark],
    show(isSpeaking) {
      mark.hidden = !isSpeaking;
      plain.classList.toggle("unseen", isSpeaking);
    },
  };
}
