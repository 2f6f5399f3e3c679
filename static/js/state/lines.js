/**
 * The record's lines, in the order in which they began: words, gaps, what was not understood, and
 * where a consent was taken back.
 */

import { isByPerson } from "./rulings.js";

/**
 * @typedef {object} Heard A segment as it was heard.
 * @property {string} key
 * @property {string} track
 * @property {number} seq
 * @property {string | null} voice
 * @property {number} voice_confidence
 * @property {import("../messages.js").Segment["words"]} words
 * @property {number} text_confidence
 * @property {boolean} isLate Its words were lost on their way first, and sent again.
 *
 * @typedef {object} Caption
 * @property {"caption"} kind
 * @property {string} key
 * @property {Heard} heard What it is, or was a part of.
 * @property {string} track
 * @property {number} seq
 * @property {string | null} voice Perhaps one that was merged into another since.
 * @property {number} voice_confidence
 * @property {number} start
 * @property {number} end
 * @property {string} text
 * @property {readonly string[]} words As they were heard.
 * @property {number} text_confidence
 * @property {boolean} isLate
 * @property {boolean} isMoved A person said whose it is.
 * @property {boolean} isEdited A person said what was said.
 *
 * @typedef {{kind: "gap", key: string, track: string, start: number, end: number, reason: string,
 *   at: number}} Gap `at`: when it was found out.
 * @typedef {{kind: "dropped", key: string, track: string, start: number, end: number,
 *   reason: string}} Dropped
 * @typedef {{kind: "withdrawn", key: string, track: string, start: number, end: number}} Withdrawn
 *   Here a consent was taken back; `track` is the seat.
 * @typedef {Caption | Gap | Dropped | Withdrawn} Line
 * @typedef {import("../messages.js").UtteranceFinal} UtteranceFinal
 */

/** Nobody said anything, or a neighbour did, whose own microphone heard it. They get no line. */
const NOTHING_SAID = new Set(["empty", "no_speech", "stock_phrase", "leakage", "duplicate"]);

/**
 * Returns the lines with one more. Words mostly come last, so the place is looked for from the end.
 *
 * @param {readonly Line[]} lines
 * @param {Line} line
 * @returns {readonly Line[]}
 */
export function inserted(lines, line) {
  let place = lines.length;
  for (; place > 0; place -= 1) {
    const before = lines[place - 1];
    if (!before || !isLater(before, line)) break;
  }
  const all = lines.slice();
  all.splice(place, 0, line);
  return all;
}

/** @param {Line} one @param {Line} other @returns {boolean} */
function isLater(one, other) {
  if (one.start !== other.start) return one.start > other.start;
  return one.kind === "caption" && other.kind === "caption" && one.seq > other.seq;
}

/** @param {UtteranceFinal} final @returns {Heard[]} One per segment that has words. */
export function heardIn(final) {
  return final.segments
    .filter(({ words }) => words.length > 0)
    .map(({ segment, voice, voice_confidence, words, text_confidence }) => ({
      key: segment,
      track: final.track,
      seq: final.seq,
      voice: voice ?? null,
      voice_confidence,
      words,
      text_confidence,
      isLate: final.is_late === true,
    }));
}

/**
 * @param {Heard} heard
 * @param {import("./rulings.js").Rulings} ruled
 * @returns {Caption[]} One line, or one for each part that it was split into.
 */
export const captionsOf = (heard, ruled) =>
  partsOf(heard, ruled).map((part) => caption(part, heard, ruled));

/** @param {Heard} piece @param {import("./rulings.js").Rulings} ruled @returns {Heard[]} */
function partsOf(piece, ruled) {
  const parts = ruled.splits[piece.key]?.parts ?? [];
  if (parts.reduce((sum, { words }) => sum + words, 0) !== piece.words.length) return [piece];
  let from = 0;
  return parts.flatMap(({ segment, words, voice, confidence }) => {
    const own = piece.words.slice(from, (from += words));
    if (own.length === 0 || segment === piece.key) return [];
    const voice_confidence = confidence ?? piece.voice_confidence;
    const part = { ...piece, key: segment, voice: voice ?? null, voice_confidence, words: own };
    return partsOf(part, ruled);
  });
}

/**
 * @param {Heard} part
 * @param {Heard} heard
 * @param {import("./rulings.js").Rulings} ruled
 * @returns {Caption}
 */
function caption({ key, track, seq, words, text_confidence, isLate, ...own }, heard, ruled) {
  const voiced = ruled.voiced[key];
  const isMoved = voiced !== undefined && isByPerson(voiced);
  const text = ruled.texts[key];
  return {
    kind: "caption",
    key,
    heard,
    track,
    seq,
    voice: voiced ? (voiced.voice ?? null) : own.voice,
    voice_confidence: voiced?.confidence ?? (isMoved ? 1 : own.voice_confidence),
    start: words[0]?.[0] ?? 0,
    end: words.at(-1)?.[1] ?? 0,
    text: text ?? words.map((word) => word[2]).join(" "),
    words: words.map((word) => word[2]),
    text_confidence: text === undefined ? text_confidence : 1,
    isLate,
    isMoved,
    isEdited: text !== undefined,
  };
}

/**
 * @param {import("../messages.js").UtteranceDropped} event
 * @returns {Dropped | null} Null: nobody spoke, so nothing is missing.
 */
export function droppedLine({ utterance, track, start, end, reason }) {
  if (NOTHING_SAID.has(reason)) return null;
  return { kind: "dropped", key: utterance, track, start, end, reason };
}

/** @param {{seq: number, seat: string, at: number}} event @returns {Withdrawn} */
export function withdrawnLine({ seq, seat, at }) {
  return { kind: "withdrawn", key: `withdrawn-${seq}`, track: seat, start: at, end: at };
}

/** @param {import("../messages.js").Gap} event @returns {Gap} */
export function gapLine({ seq, track, start, end, reason, at }) {
  return { kind: "gap", key: `gap-${seq}`, track, start, end, reason, at };
}
