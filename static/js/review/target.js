/** What the menu of speakers needs to know of a line, read from the result. Pure. */

import { said } from "./said.js";

/**
 * @param {import("./record.js").Result} result
 * @param {string} segment
 * @returns {import("../speakers/menu.js").Target | null} Null: there is no such line any more.
 */
export function targetOf(result, segment) {
  const lines = said(result);
  const line = lines.find((one) => one.segment === segment);
  if (!line) return null;
  const count = (/** @type {string} */ voice) => lines.filter((one) => one.voice === voice).length;
  const voices = result.voices ?? [];
  const others = voices
    // An unknown voice without a line has nothing that could be the same.
    .filter(({ voice, seat, is_own }) => voice !== line.voice && !is_own && (seat !== null || count(voice) > 0))
    .sort((one, other) => count(other.voice) - count(one.voice))
    .map(({ voice, seat, letter }) => ({ voice, seat, letter: seat === null ? letter : "" }));
  return {
    line: {
      key: line.segment,
      start: line.at,
      text: line.text,
      words: line.text.split(" "),
      isEdited: line.heard !== null,
    },
    voice: line.voice,
    seat: line.seat,
    letter: line.letter,
    count: line.voice === null ? 0 : count(line.voice),
    isOwn: voices.some(({ voice, is_own }) => voice === line.voice && is_own),
    others,
  };
}
