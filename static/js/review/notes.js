/** The notes as a list; each leads to its moment. Tells `go-to` with the id of the moment. */

import { h, tell } from "../dom.js";
import { seatClass } from "../seats.js";
import { t } from "../texts/review.js";
import { clock } from "../time.js";
import { byline } from "./transcript.js";

/**
 * @param {readonly import("./record.js").Noted[]} notes
 * @param {readonly import("./record.js").Place[]} places
 */
export function noteList(notes, places) {
  return h(
    "section",
    { class: "card", id: "notes", "aria-labelledby": "notes-title" },
    h("h2", { id: "notes-title" }, t("notes")),
    notes.length
      ? h(
          "ol",
          { class: "list" },
          ...notes.map((note) =>
            h(
              "li",
              { class: `jump ${seatClass(note.about)}` },
              h(
                "button",
                {
                  type: "button",
                  class: "quiet",
                  "aria-label": t("noteJump", { time: clock(note.at) }),
                  onclick: (event) => tell(event.currentTarget, "go-to", note.id),
                },
                clock(note.at),
              ),
              h(
                "p",
                {},
                h("span", { class: "by" }, ...byline(note, places)),
                h("span", { class: "words" }, note.text),
              ),
            ),
          ),
        )
      : h("p", { class: "quiet-text" }, t("emptyNotes")),
  );
}
