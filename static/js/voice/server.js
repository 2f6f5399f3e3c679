/** What the server knows of people's voices, and what it is asked to learn or forget. */

import { json, sessionPath } from "../api.js";

/** The first reading after a while wakes the models, which takes seconds. */
const PATIENCE_MS = 60_000;

/**
 * @typedef {{is_on: boolean, enrolled: string[]}} Voices
 * @typedef {{seat: string, voice: string, speech_s: number, alike: string[]}} Learnt
 * @typedef {{seat: string, isOthers: boolean}} Whose `isOthers`: somebody else says that they agreed.
 *
 * @typedef {object} Server
 * @property {() => Promise<Voices>} look
 * @property {(whose: Whose, samples: Int16Array) => Promise<Learnt>} learn
 * @property {(whose: Whose) => Promise<unknown>} forget
 */

/** @param {string} session @returns {Server} */
export function voicesOf(session) {
  const path = sessionPath(session, "/voice");
  const address = (/** @type {Whose} */ { seat, isOthers }) =>
    `${path}?${new URLSearchParams({ seat, ...(isOthers ? { agreed: "yes" } : {}) })}`;
  return {
    look: () => json("GET", path),
    learn: (whose, samples) =>
      json("POST", address(whose), samples.slice().buffer, AbortSignal.timeout(PATIENCE_MS)),
    forget: (whose) => json("DELETE", address(whose)),
  };
}
