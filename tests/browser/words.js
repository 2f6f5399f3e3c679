/** Whether words that went through a microphone and a small model are still the words said. */

/** @param {string} text @returns {Set<string>} Its pairs of neighbouring syllables. */
function pairs(text) {
  const syllables = [...text.replace(/[^\p{L}\p{N}]/gu, "")];
  return new Set(syllables.slice(1).map((syllable, index) => syllables[index] + syllable));
}

/**
 * @param {string} said
 * @param {string} heard
 * @returns {number} The share of what was said that was heard, 0 to 1.
 */
export function heardShare(said, heard) {
  const [wanted, found] = [pairs(said), pairs(heard)];
  return [...wanted].filter((pair) => found.has(pair)).length / wanted.size;
}

/**
 * whisper-base errs in one of ten syllables of these voices, so in one of five pairs.
 *
 * @param {readonly string[]} texts
 * @param {string} heard
 * @returns {boolean} Whether most of one of the texts was heard.
 */
export function isOneOf(texts, heard) {
  return texts.some((text) => heardShare(text, heard) >= 0.6);
}
