/** The notes as a list; each leads to its moment. Tells `go-to` with the id of the moment. */

import { h, tell } from "../dom.js";
import { seatClass } from "../seats.js";
import { t } from "../texts/review.js";
import { t as say } from "../texts/speakers.js";
import { clock } from "../time.js";
import { byline } from "./transcript.js";

/**
 * @typedef {import("./record.js").Noted} Noted
 * @typedef {readonly import("./record.js").Place[]} Places
 */

/**
 * @param {readonly Noted[]} notes
 * @param {Places} places
 * @param {string | null} author Whose notes can be changed here. Tells `fix-note`, `take-back-note`.
 */
export function noteList(notes, places, author) {
  return h(
    "section",
    { class: "card", id: "notes", "aria-labelledby": "notes-title" },
    h("h2", { id: "notes-title" }, t("notes")),
    notes.length
      ? h("ol", { class: "list" }, ...notes.map((note) => item(note, places, note.by === author)))
      : h("p", { class: "quiet-text" }, t("emptyNotes")),
  );
}

/** @param {Noted} note @param {Places} places @param {boolean} isOwn */
function item(note, places, isOwn) {
  const time = clock(note.at);
  const jump = h("button", { type: "button", class: "quiet", "aria-label": t("noteJump", { time }) }, time);
  jump.addEventListener("click", () => tell(jump, "go-to", note.id));
  return h(
    "li",
    { class: `jump ${seatClass(note.about)}`, "data-note": note.seq },
    jump,
    h(
      "p",
      {},
      h("span", { class: "by" }, ...byline(note, places)),
      h("span", { class: "words" }, note.text),
      note.isEdited && h("span", { class: "tag" }, say("noteEdited")),
    ),
    isOwn && deeds(note, time),
  );
}

/** @param {Noted} note @param {string} time */
function deeds({ seq }, time) {
  const button = (/** @type {"noteEdit" | "noteTakeBack"} */ word, /** @type {string} */ intent) => {
    const label = say(`${word}Of`, { time });
    const one = h("button", { type: "button", class: "quiet", "aria-label": label }, say(word));
    one.addEventListener("click", () => tell(one, intent, { seq, anchor: one }));
    return one;
  };
  return h("div", { class: "deeds" }, button("noteEdit", "fix-note"), button("noteTakeBack", "take-back-note"));
}
