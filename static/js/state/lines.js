/**
 * The record's lines, in the order in which they began: words, gaps, what was not understood, and
 * where a consent was taken back.
 */

/**
 * @typedef {{kind: "caption", key: string, track: string, voice: string | null, start: number,
 *   end: number, text: string, text_confidence: number, isLate: boolean}} Caption `isLate`: the
 *   words were lost on their way first, and sent again.
 * @typedef {{kind: "gap", key: string, track: string, start: number, end: number, reason: string,
 *   at: number}} Gap `at`: when it was found out.
 * @typedef {{kind: "dropped", key: string, track: string, start: number, end: number,
 *   reason: string}} Dropped
 * @typedef {{kind: "withdrawn", key: string, track: string, start: number, end: number}} Withdrawn
 *   Here a consent was taken back; `track` is the seat.
 * @typedef {Caption | Gap | Dropped | Withdrawn} Line
 * @typedef {import("../messages.js").UtteranceFinal} UtteranceFinal
 */

/** Reasons that mean nobody said anything: a cough, a door. They get no line. */
const NOTHING_SAID = new Set(["empty", "no_speech", "stock_phrase"]);

/**
 * Returns the lines with one more. Words mostly come last, so the place is looked for from the end.
 *
 * @param {readonly Line[]} lines
 * @param {Line} line
 * @returns {readonly Line[]}
 */
export function inserted(lines, line) {
  let place = lines.length;
  while ((lines[place - 1]?.start ?? -Infinity) > line.start) place -= 1;
  const all = lines.slice();
  all.splice(place, 0, line);
  return all;
}

/** @param {UtteranceFinal} final @returns {Caption[]} One per segment that has words. */
export function captionsOf(final) {
  return final.segments
    .filter(({ words }) => words.length > 0)
    .map(({ segment, voice, words, text_confidence }) => ({
      kind: "caption",
      key: segment,
      track: final.track,
      voice: voice ?? null,
      start: words[0]?.[0] ?? final.start,
      end: words.at(-1)?.[1] ?? final.end,
      text: words.map((word) => word[2]).join(" "),
      text_confidence,
      isLate: final.is_late === true,
    }));
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
