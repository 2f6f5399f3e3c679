/** Command ids: random, so that a repeated command is recognised. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CHARACTERS = 24;

/** @returns {string} 144 random bits, url-safe. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(CHARACTERS));
  return Array.from(bytes, (byte) => ALPHABET[byte & 63]).join("");
}
