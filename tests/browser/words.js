/** Whether words that went through a microphone and a small model are still the words said. */

/** @param {string} text @returns {string[]} Its syllables, without spaces and punctuation. */
const bare = (text) => [...text.replace(/[^\p{L}\p{N}]/gu, "")];

/** @param {string} text @returns {Set<string>} Its pairs of neighbouring syllables. */
function pairs(text) {
  const syllables = bare(text);
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

/**
 * @param {string} said
 * @param {string} heard
 * @returns {number} The syllables to be changed, left out or put in, as a share of those said.
 */
export function errorRate(said, heard) {
  const [wanted, found] = [bare(said), bare(heard)];
  let row = Array.from({ length: found.length + 1 }, (_, i) => i);
  for (const syllable of wanted) {
    const above = row;
    row = [(above[0] ?? 0) + 1];
    found.forEach((other, i) => {
      const replaced = (above[i] ?? 0) + (syllable === other ? 0 : 1);
      row.push(Math.min(replaced, (above[i + 1] ?? 0) + 1, (row[i] ?? 0) + 1));
    });
  }
  return (row.at(-1) ?? 0) / (wanted.length || 1);
}
