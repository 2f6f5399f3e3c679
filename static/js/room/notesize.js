/** How much of what the server takes a note needs. Pure. */

/** The server's limit for a note as JSON; about 13,000 Korean characters. */
export const MAX_NOTE_BYTES = 40 * 1024;

/** @param {string} note @returns {number} Above 1 the server refuses it. */
export function noteShare(note) {
  // The server measures it together with the time that a client may have given.
  const bytes = new TextEncoder().encode(JSON.stringify([note, null])).length;
  return bytes / MAX_NOTE_BYTES;
}
