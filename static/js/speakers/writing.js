/** What was said, or a note, in other words: Enter saves, Escape leaves it as it was. */

import { h } from "../dom.js";
import { t } from "../texts/speakers.js";
import { sheet } from "./sheet.js";

/** A line is an utterance, which the server ends after half a minute; nobody says more. */
const MAX_LINE = 2000;
const MAX_NOTE_BYTES = 38_000;

/**
 * @param {import("./sheet.js").Sheet} window
 * @param {{key: string, text: string}} line
 * @param {() => void} back
 * @param {(command: import("./menu.js").Command, said: string) => void} done
 */
export function editing(window, { key, text }, back, done) {
  const save = (/** @type {string} */ next) => {
    done({ type: "edit_segment", segment: key, text: next }, t("doneEdit"));
  };
  const isTooLong = (/** @type {string} */ next) => next.length > MAX_LINE;
  window.show(t("edit"), ...form({ text, help: t("editHelp"), isTooLong, save, back }));
}

/**
 * @param {Element | null} anchor
 * @param {{seq: number, text: string}} note
 * @param {(command: import("./menu.js").Command, said: string) => void} correct
 */
export function noteEditing(anchor, { seq, text }, correct) {
  const window = sheet(anchor);
  const save = (/** @type {string} */ note) => {
    window.close();
    correct({ type: "edit_note", of: seq, note }, t("doneNote"));
  };
  const isTooLong = (/** @type {string} */ next) => new TextEncoder().encode(next).length > MAX_NOTE_BYTES;
  window.show(t("noteEditTitle"), ...form({ text, help: "", isTooLong, save, back: window.close }));
}

/**
 * @param {{text: string, help: string, isTooLong: (text: string) => boolean,
 *   save: (text: string) => void, back: () => void}} given
 */
function form({ text, help, isTooLong, save, back }) {
  const field = h("textarea", { rows: 3, autofocus: true, "aria-labelledby": "sheet-title" });
  field.value = text;
  const problem = h("p", { class: "bad", role: "alert" });
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    const next = field.value.trim();
    if (isTooLong(next)) problem.textContent = t("tooLong");
    else if (next && next !== text) save(next);
    else back();
  };
  const element = h(
    "form",
    { class: "sheet-form", onsubmit: submit },
    field,
    problem,
    h(
      "div",
      { class: "row end" },
      h("button", { type: "button", onclick: back }, t("cancel")),
      h("button", { class: "primary" }, t("save")),
    ),
  );
  field.addEventListener("keydown", (event) => {
    // While Korean is composed, Enter ends a syllable.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    element.requestSubmit();
  });
  return [help && h("p", { class: "quiet-text" }, help), element];
}
