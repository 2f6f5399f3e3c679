/** What is asked of the server to put a line right. Pure. */

/**
 * @param {{line: {key: string} | null, voice: string | null}} target
 * @param {string | null} seat
 * @param {boolean} isWhole Everything of the voice, not this line alone.
 * @returns {{type: string} & Record<string, unknown>}
 */
export function commandFor({ line, voice }, seat, isWhole) {
  if (line !== null && !(isWhole && voice !== null)) {
    return { type: "move_segment", segment: line.key, seat };
  }
  return { type: "name_voice", voice, seat };
}
