/** What an error code of the server, or of a door, means for the connection. */

/** Trying again would not help, or would throw somebody else out: a person decides. */
const FINAL = new Set([
  "link_invalid",
  "link_required",
  "forbidden",
  "other_session",
  "unknown_session",
  "unknown_seat",
  "seat_taken",
  "replaced",
  "session_over",
  "foreign_origin",
  "foreign_host",
]);

/** The peer connection cannot be had now, but words can still travel over the WebSocket. */
const WITHOUT_SOUND = new Set([
  "no_media",
  "unsupported",
  "bad_offer",
  "consent_required",
  "overloaded",
  "internal",
]);

/** Another try with the same browser and the same consent has the same end. */
const HOPELESS = new Set(["unsupported", "bad_offer", "consent_required"]);

/** @param {string} code */
export const isFinal = (code) => FINAL.has(code);

/** @param {string} code */
export const allowsSocket = (code) => WITHOUT_SOUND.has(code);

/** @param {string} code */
export const isHopeless = (code) => HOPELESS.has(code);

/** @param {number} code Of a WebSocket's close. @returns {string} */
export function codeOfClose(code) {
  if (code === 1000) return "session_over";
  if (code === 1001) return "shutting_down";
  if (code === 4001) return "replaced";
  if (code === 4008) return "slow_consumer";
  return "lost";
}

/** Something was refused or failed; `errorText(code, sentence)` says it to people. */
export class Refusal extends Error {
  /** @param {string} code @param {string} [sentence] The server's own. */
  constructor(code, sentence = "") {
    super(sentence || code);
    this.code = code;
    this.sentence = sentence;
  }
}

/** @param {unknown} error @returns {string} The code of an `ApiError` or a `Refusal`. */
export function codeOf(error) {
  const code = error instanceof Error && "code" in error ? error.code : null;
  return typeof code === "string" ? code : "internal";
}
