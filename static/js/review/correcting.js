/** Putting the record right after the end: every correction is a command, then it is read anew. */

import { ask } from "../connection/ask.js";
import { Corrector } from "../speakers/corrector.js";
import { speakerMenu } from "../speakers/menu.js";
import { isUndo, undoBar } from "../speakers/undo.js";
import { noteEditing } from "../speakers/writing.js";
import { t } from "../texts/speakers.js";
import { notes } from "./record.js";
import { targetOf } from "./target.js";

/**
 * @typedef {import("./record.js").Result} Result
 * @typedef {import("./record.js").Place} Place
 * @typedef {import("../room/scene.js").Join} Join
 */

/** @param {Join} join @returns {string} Who this page's notes are by. */
export const authorOf = ({ seat, roles, role }) => seat ?? (roles.includes("operator") ? "operator" : role);

/**
 * @param {HTMLElement} body Where the intents come up: `fix-line`, `fix-note`, `take-back-note`.
 * @param {string} session
 * @param {() => {result: Result, places: readonly Place[]} | null} shown
 * @param {() => Promise<void>} reread
 */
export function correcting(body, session, shown, reread) {
  const bar = undoBar();
  document.body.append(bar.element);
  const corrector = new Corrector({
    async send(command, id) {
      const answer = await ask(session, { ...command, id });
      await reread();
      return answer;
    },
    // Nobody is sent the events of a record: the first is enough, the server undoes the others.
    seqsOf: () => [],
    tell: bar.tell,
    refuse(error) {
      const why = error instanceof Error ? error.message : String(error);
      bar.tell(t("failed", { why }), null);
      void reread();
    },
  });
  const correct = (/** @type {import("../speakers/menu.js").Command} */ command, /** @type {string} */ told) =>
    void corrector.correct(command, told);
  const on = (/** @type {string} */ intent, /** @type {(detail: any, now: NonNullable<ReturnType<typeof shown>>) => void} */ act) =>
    body.addEventListener(intent, (event) => {
      const now = shown();
      if (now) act(/** @type {CustomEvent} */ (event).detail, now);
    });

  on("fix-line", ({ segment, anchor }, { result, places }) => {
    const target = targetOf(result, segment);
    if (target) void speakerMenu(target, { anchor, seats: places, correct });
  });
  on("fix-note", ({ seq, anchor }, { result }) => {
    const note = notes(result).find((one) => one.seq === seq);
    if (note) noteEditing(anchor, { seq, text: note.text }, correct);
  });
  on("take-back-note", ({ seq }) => correct({ type: "retract", of: [seq] }, t("doneNoteGone")));
  document.addEventListener("keydown", (event) => {
    if (!corrector.canUndo || !isUndo(event)) return;
    event.preventDefault();
    void corrector.undo();
  });
}
