/** What the menu needs to know of a line or of a voice, read from the state. Pure. */

import { counts, letterOf, ownVoices, speakerOfLine } from "../state/speakers.js";

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("./menu.js").Target} Target
 */

/** @param {State} state @param {import("../state/lines.js").Caption} line @returns {Target} */
export function targetOfLine(state, line) {
  const { key, start, text, words, isEdited } = line;
  const { voice, seat, letter } = speakerOfLine(state, line);
  return { line: { key, start, text, words, isEdited }, seat, letter, ...around(state, voice) };
}

/** @param {State} state @param {string} voice @returns {Target} */
export function targetOfVoice(state, voice) {
  const seat = state.voices[voice] ?? null;
  const letter = seat === null ? letterOf(state.found, voice) : "";
  return { line: null, seat, letter, ...around(state, voice) };
}

/** @param {State} state @param {string | null} voice */
function around(state, voice) {
  const lines = counts(state);
  const own = ownVoices(state);
  // Somebody who was learnt but has not spoken yet can have been taken for another as well.
  const all = new Set([...lines.keys(), ...Object.keys(state.voices).filter((one) => state.voices[one])]);
  const others = [...all]
    .filter((one) => one !== voice && !own.has(one) && !(one in state.rulings.merged))
    .sort((one, other) => (lines.get(other) ?? 0) - (lines.get(one) ?? 0))
    .map((one) => {
      const seat = state.voices[one] ?? null;
      return { voice: one, seat, letter: seat === null ? letterOf(state.found, one) : "" };
    });
  return {
    voice,
    count: voice === null ? 0 : (lines.get(voice) ?? 0),
    isOwn: voice !== null && own.has(voice),
    others,
  };
}
