/** What is written where a level would stand. Pure. */

/**
 * @param {number | null} level
 * @param {boolean} hasEvidence Whether words were found in the answers.
 * @returns {"level" | "noLevel" | "notEnough"}
 */
export function levelWords(level, hasEvidence) {
  if (level !== null) return "level";
  return hasEvidence ? "noLevel" : "notEnough";
}
