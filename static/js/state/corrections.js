/** Who was meant after all, and what was said: the events that change what the record says. */

import { captionsOf, inserted } from "./lines.js";
import { rulings } from "./rulings.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("./rulings.js").Fact} Fact
 */

/**
 * @param {State} state
 * @param {Fact} fact
 * @returns {State}
 */
export function corrected(state, fact) {
  const facts = [...state.facts, fact];
  const after = { ...state, facts, ...named(state, rulings(facts)) };
  const root = touched(fact, facts);
  const lines = root === null ? state.lines : relined(state.lines, root, after.rulings);
  const isOfNotes = fact.type === "note_edited" || fact.type === "retracted";
  const notes = isOfNotes ? noted(after) : state.notes;
  return withFound({ ...after, lines, notes }, voicesIn(fact));
}

/**
 * @param {State} state
 * @param {import("./rulings.js").Rulings} next
 * @returns {Pick<State, "rulings" | "voices">} The same table where nobody was named.
 */
function named(state, next) {
  const isSame = JSON.stringify(state.voices) === JSON.stringify(next.voices);
  return { rulings: next, voices: isSame ? state.voices : next.voices };
}

/** @param {State} state @param {import("../messages.js").NoteAdded} note @returns {State} */
export function noteAdded(state, note) {
  const after = { ...state, written: [...state.written, note] };
  return { ...after, notes: noted(after) };
}

/** @param {State} state @returns {State["notes"]} As they read now; withdrawn ones are gone. */
function noted({ written, rulings: { notes, retracted } }) {
  return written
    .filter(({ seq }) => !retracted.has(seq))
    .map((note) => (note.seq in notes ? { ...note, note: notes[note.seq] ?? "", isEdited: true } : note));
}

/**
 * @param {Fact} fact
 * @param {readonly Fact[]} facts
 * @returns {string | null} The segment, as it was heard, whose lines it changes.
 */
function touched(fact, facts) {
  /** @type {Fact | undefined} */
  let one = fact;
  while (one?.type === "retracted") {
    const of = /** @type {number} */ (one.of);
    one = facts.find(({ seq }) => seq === of);
  }
  return one && "segment" in one ? rootOf(one.segment, facts) : null;
}

/** @param {string} segment @param {readonly Fact[]} facts @returns {string} */
function rootOf(segment, facts) {
  const whole = facts.find(
    (fact) => fact.type === "segment_split" && fact.parts.some((part) => part.segment === segment),
  );
  return whole?.type === "segment_split" && whole.segment !== segment
    ? rootOf(whole.segment, facts)
    : segment;
}

/**
 * @param {State["lines"]} lines
 * @param {string} root
 * @param {import("./rulings.js").Rulings} ruled
 * @returns {State["lines"]}
 */
function relined(lines, root, ruled) {
  const old = lines.find((line) => line.kind === "caption" && line.heard.key === root);
  if (old?.kind !== "caption") return lines; // It was erased.
  const others = lines.filter((line) => line.kind !== "caption" || line.heard !== old.heard);
  return captionsOf(old.heard, ruled).reduce(inserted, others);
}

/** @param {Fact} fact @returns {readonly (string | null)[] | null} Null: any, nobody knows which. */
function voicesIn(fact) {
  switch (fact.type) {
    case "voice_assigned":
    case "segment_voiced":
      return [fact.voice];
    case "segment_split":
      return fact.parts.map(({ voice }) => voice);
    case "retracted":
    case "voices_merged":
      return null;
    default:
      return [];
  }
}

/**
 * Voices without a seat get a letter each, in the order in which they appear, and keep it.
 *
 * @param {State} state
 * @param {readonly (string | null)[] | null} voices Null: look at all of them.
 * @returns {State}
 */
export function withFound(state, voices) {
  const { found, rulings: ruled } = state;
  const fresh = (voices ?? Object.keys(ruled.voices)).filter(
    (voice, place, all) =>
      voice !== null &&
      !ruled.voices[voice] &&
      !(voice in ruled.merged) &&
      !found.includes(voice) &&
      all.indexOf(voice) === place,
  );
  return fresh.length === 0
    ? state
    : { ...state, found: [...found, .../** @type {string[]} */ (fresh)] };
}
