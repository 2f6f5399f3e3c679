/** Putting right who spoke, what was said, and one's own notes, in the room. */

import { codeOf } from "../connection/codes.js";
import { Corrector } from "../speakers/corrector.js";
import { speakerMenu } from "../speakers/menu.js";
import { targetOfLine, targetOfVoice } from "../speakers/target.js";
import { isUndo, undoBar } from "../speakers/undo.js";
import { noteEditing } from "../speakers/writing.js";
import { t } from "../texts/speakers.js";
import { why } from "./refusals.js";
import { toast } from "./toast.js";

/** @typedef {import("../state.js").State} State */

/** Codes that come because the person has left. */
const NO_NEWS = new Set(["left", "session_over"]);

/**
 * @param {import("../connection/connection.js").Connection} connection
 * @param {() => State} stateNow
 * @param {AbortSignal} signal Ends it.
 */
export function correcting(connection, stateNow, signal) {
  const bar = undoBar();
  document.body.append(bar.element);
  signal.addEventListener("abort", () => bar.element.remove());
  const corrector = new Corrector({
    send: (command, id) => connection.command(command, { id }),
    seqsOf: (id) => stateNow().facts.flatMap(({ cmd, seq }) => (cmd === id ? [seq] : [])),
    tell: bar.tell,
    refuse(error) {
      if (!NO_NEWS.has(codeOf(error))) toast(t("failed", { why: why(error) }));
    },
  });
  const undo = (/** @type {KeyboardEvent} */ event) => {
    if (!corrector.canUndo || !isUndo(event)) return;
    event.preventDefault();
    void corrector.undo();
  };
  document.addEventListener("keydown", undo, { signal });
  const correct = (/** @type {import("../speakers/menu.js").Command} */ command, /** @type {string} */ said) =>
    void corrector.correct(command, said);
  const noteOf = (/** @type {number} */ seq) => stateNow().notes.find((note) => note.seq === seq);
  return {
    /** @param {{segment: string, anchor: Element}} line */
    speaker({ segment, anchor }) {
      const state = stateNow();
      const line = state.lines.find(({ key }) => key === segment);
      if (line?.kind !== "caption") return;
      void speakerMenu(targetOfLine(state, line), { anchor, seats: state.seats, correct });
    },
    /** @param {{voice: string, anchor: Element}} whose */
    voice({ voice, anchor }) {
      const state = stateNow();
      void speakerMenu(targetOfVoice(state, voice), { anchor, seats: state.seats, correct });
    },
    /** @param {{seq: number, anchor: Element}} note */
    note({ seq, anchor }) {
      const note = noteOf(seq);
      if (note) noteEditing(anchor, { seq, text: note.note }, correct);
    },
    /** @param {number} seq */
    takeBackNote(seq) {
      if (noteOf(seq)) correct({ type: "retract", of: [seq] }, t("doneNoteGone"));
    },
  };
}
