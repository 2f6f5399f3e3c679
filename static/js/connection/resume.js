/** By what the server knows a page that was loaded anew. Kept as long as its tab, or until one leaves. */

/** @param {string} session */
const key = (session) => `daedam-resume:${session}`;

/** @param {string} session @returns {string | null} */
export function remembered(session) {
  try {
    return sessionStorage.getItem(key(session));
  } catch {
    return null; // Storage is forbidden in some private windows.
  }
}

/** @param {string} session @param {string | undefined} resume */
export function remember(session, resume) {
  try {
    if (resume) sessionStorage.setItem(key(session), resume);
  } catch {
    // Then the next page begins a new track.
  }
}

/** @param {string} session Its person left on purpose: whoever enters next is new. */
export function forget(session) {
  try {
    sessionStorage.removeItem(key(session));
  } catch {
    // Then there is nothing to forget.
  }
}
