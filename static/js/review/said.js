/** Who said what, from the server's result. Pure. */

import { sureness } from "../confidence.js";

/**
 * @typedef {import("./record.js").Result} Result
 * @typedef {import("./record.js").Transcript} Transcript
 * @typedef {import("./record.js").Said} Said
 * @typedef {import("./record.js").Who} Who
 */

/** @param {Result} result @returns {Said[]} */
export function said(result) {
  const letters = lettersOf(result);
  return result.transcripts.map((one) => ({
    kind: "said",
    id: `said-${one.segment}`,
    segment: one.segment,
    at: one.start,
    end: one.end,
    ...whoOf(one, letters),
    sureness: sureness(one.is_moved ? 1 : (one.voice_confidence ?? 1), isSeat(one.speaker)),
    text: one.text,
    heard: one.is_edited ? (one.heard ?? "") : null,
    confidence: one.text_confidence,
    isTurn: true,
    isLate: one.is_late === true,
    isMoved: one.is_moved === true,
  }));
}

/** @param {Result} result @returns {(Who & {count: number})[]} Who spoke, how often. */
export function speakers(result) {
  const letters = lettersOf(result);
  /** @type {Map<string, Who & {count: number}>} */
  const found = new Map();
  for (const one of result.transcripts) {
    const who = whoOf(one, letters);
    found.set(who.key, { ...who, count: (found.get(who.key)?.count ?? 0) + 1 });
  }
  return [...found.values()].sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** @param {string} speaker */
const isSeat = (speaker) => speaker !== "unknown";

/** @param {Result} result @returns {Map<string, string>} Voice → what it is called without a seat. */
const lettersOf = ({ voices = [] }) => new Map(voices.map(({ voice, letter }) => [voice, letter]));

/** @param {Transcript} one @param {Map<string, string>} letters @returns {Who} */
function whoOf({ speaker, voice = null }, letters) {
  if (isSeat(speaker)) return { key: speaker, seat: speaker, letter: "", voice };
  const letter = voice === null ? "" : (letters.get(voice) ?? "");
  return { key: `${speaker}${letter && ` ${letter}`}`, seat: null, letter, voice };
}

/** @param {Who} who Seats sort as they are written; unknown voices come last. */
const rank = ({ seat, letter }) => seat ?? `\uffff${letter || "\uffff"}`;
