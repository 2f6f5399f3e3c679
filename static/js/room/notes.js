/** Everybody's notes, live, and the place to write one. */

import { fill, h, tell } from "../dom.js";
import { personNode } from "../names.js";
import { seatClass, SEATS } from "../seats.js";
import { sessionTime } from "../state/looks.js";
import { t } from "../texts/room.js";
import { t as say } from "../texts/speakers.js";
import { clock } from "../time.js";
import { noteForm } from "./noteform.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("./notekeeper.js").Unsaved} Unsaved
 * @typedef {import("./scene.js").View & {focus: () => void, choose: (number: number) => boolean,
 *   fill: (draft: import("./notekeeper.js").Draft) => void}} NotesView
 */

const NEAR = 60;

/**
 * @param {Scene} first
 * @param {import("./notekeeper.js").Draft} draft
 * @param {() => Scene} sceneNow
 * @returns {NotesView}
 */
export function notesView(first, draft, sceneNow) {
  const sessionNow = () => sessionTime(sceneNow().state, performance.now() / 1000);
  const form = noteForm(first.state.seats, draft, sessionNow, first.join.listens === true);
  const empty = h("p", { class: "quiet-text empty" }, t("noNotes"));
  const list = h("ol", { class: "list" });
  const log = h("div", { id: "notes", role: "log", "aria-live": "polite" }, list);
  const unsavedList = h("ul", { class: "list unsaved" });
  const scroller = h("div", { class: "scroller", tabindex: 0, "aria-label": t("notes") });
  scroller.append(empty, log, unsavedList);
  const element = h(
    "section",
    { class: "panel notes", "data-panel": "notes", "aria-labelledby": "notes-title" },
    h("h2", { id: "notes-title", class: "panel-head" }, t("notes")),
    scroller,
    form.element,
  );
  const rows = new NoteRows(list);
  let count = 0;
  /** @type {unknown} */
  let shownUnsaved = null;
  /** @type {unknown} */
  let shownPhase = null;
  let isFollowing = true;
  const stick = () => {
    if (isFollowing) scroller.scrollTop = scroller.scrollHeight;
  };
  scroller.addEventListener("scroll", () => {
    if (scroller.clientHeight === 0) return;
    isFollowing = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
  });
  new ResizeObserver(stick).observe(scroller);

  return {
    element,
    focus: form.focus,
    choose: form.choose,
    fill: form.fill,
    show(scene) {
      const { state, unsaved, link } = scene;
      const isNew = count < state.notes.length;
      rows.show(scene);
      count = state.notes.length;
      if (isNew || shownUnsaved !== unsaved || shownPhase !== link.phase) {
        const kept = new Set(state.notes.map((note) => note.cmd));
        const waiting = unsaved.filter((note) => !kept.has(note.id));
        fill(unsavedList, ...waiting.map((note) => unsavedRow(scene, note)));
        shownUnsaved = unsaved;
        shownPhase = link.phase;
        stick();
      }
      empty.hidden = count > 0 || unsaved.length > 0;
      log.setAttribute("aria-busy", String(!state.isCaughtUp));
    },
  };
}

/** The notes of the record: most are only added, some change or go. */
class NoteRows {
  /** @type {Map<number, {row: HTMLElement, text: string}>} By the seq of the note. */
  #rows = new Map();
  /** @type {unknown} */
  #shown = null;
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /** @param {Scene} scene */
  show(scene) {
    const { notes } = scene.state;
    if (this.#shown === notes) return;
    this.#shown = notes;
    const kept = new Set(notes.map(({ seq }) => seq));
    for (const [seq, { row }] of this.#rows) {
      if (kept.has(seq)) continue;
      row.remove();
      this.#rows.delete(seq);
    }
    notes.forEach((note, place) => {
      const known = this.#rows.get(note.seq);
      if (known?.text === note.note) return;
      const row = noteRow(scene, note);
      if (known) known.row.replaceWith(row);
      else this.#list.insertBefore(row, this.#list.children[place] ?? null);
      this.#rows.set(note.seq, { row, text: note.note });
    });
  }
}

/** @param {Scene} scene @param {import("../state.js").Note} note */
function noteRow({ state, join }, note) {
  const author = SEATS.includes(note.by) ? personNode(note.by, state.seats) : t("operator");
  const isOwn = note.by === (join.seat ?? "operator");
  return h(
    "li",
    { class: `note ${seatClass(note.about)}` },
    h(
      "div",
      { class: "note-head" },
      h("span", { class: "who" }, personNode(note.about, state.seats)),
      h("time", { class: "when" }, clock(note.media_at)),
      note.isEdited && h("span", { class: "tag" }, say("noteEdited")),
      h("span", { class: "by" }, author, isOwn && ` · ${t("mine")}`),
    ),
    h("p", { class: "words" }, note.note),
    isOwn && ownDeeds(note),
  );
}

/** @param {import("../state.js").Note} note Its author may change it, and take it back. */
function ownDeeds({ seq, media_at }) {
  const time = clock(media_at);
  const edit = h("button", { type: "button", class: "quiet", "data-do": "edit-note", id: `edit-note-${seq}` }, say("noteEdit"));
  const take = h("button", { type: "button", class: "quiet", "data-do": "take-back-note" }, say("noteTakeBack"));
  edit.setAttribute("aria-label", say("noteEditOf", { time }));
  take.setAttribute("aria-label", say("noteTakeBackOf", { time }));
  edit.addEventListener("click", () => tell(edit, "fix-note", { seq, anchor: edit }));
  take.addEventListener("click", () => tell(take, "take-back-note", seq));
  return h("div", { class: "deeds" }, edit, take);
}

/** @param {Scene} scene @param {Unsaved} note */
function unsavedRow({ state, link }, note) {
  const row = h(
    "li",
    { class: `note unsaved ${note.status} ${seatClass(note.speaker)}` },
    h(
      "div",
      { class: "note-head" },
      h("span", { class: "who" }, personNode(note.speaker, state.seats)),
      note.media_at !== null && h("time", { class: "when" }, clock(note.media_at)),
    ),
    h("p", { class: "words" }, note.note),
  );
  if (note.status === "pending") {
    const text = t(link.phase === "open" ? "noteSaving" : "noteWaiting");
    row.append(h("p", { class: "quiet-text", role: "status" }, text));
    return row;
  }
  const act = (/** @type {string} */ intent) => () => tell(row, intent, note.id);
  row.append(
    h("p", { class: "bad", role: "alert" }, `${t("noteFailed")} ${note.why}`),
    h(
      "div",
      { class: "row" },
      h("button", { type: "button", onclick: act("note-retry") }, t("retry")),
      h("button", { type: "button", onclick: act("note-edit") }, t("noteEdit")),
      h("button", { type: "button", class: "quiet", onclick: act("note-discard") }, t("noteDiscard")),
    ),
  );
  return row;
}
