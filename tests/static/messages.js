/** Messages as a server sends them, for stories told in tests. */

import { initial, receive } from "../../static/js/state.js";

export const JOIN = /** @type {any} */ ({
  session: "s",
  title: "면접",
  job: "개발",
  life: "live",
  role: "interviewer",
  roles: ["interviewer"],
  seat: "면접관_1",
  microphone: "own",
  consent: "required",
  seats: [
    { seat: "면접관_1", name: null, microphone: "own" },
    { seat: "지원자_1", name: "김하나", microphone: "own" },
  ],
  ice_servers: [],
  now: 0,
});

let seq = 0;

/**
 * @param {string} type
 * @param {object} body
 * @param {object} [envelope]
 * @returns {any}
 */
export function event(type, body, envelope = {}) {
  seq += 1;
  return { type, seq, at: 0, wall: 0, by: "system", v: 1, cmd: null, ...envelope, ...body };
}

/**
 * @param {string} utterance
 * @param {number} start
 * @param {number} end
 * @param {string} text
 * @param {string | null} [voice]
 */
export function final(utterance, start, end, text, voice = null) {
  const words = [[start, end, text, 0.9]];
  const segment = { segment: `${utterance}.1`, voice, words, text_confidence: 0.9, voice_confidence: 1 };
  return event("utterance_final", { utterance, track: "지원자_1", start, end, segments: [segment] });
}

/** @param {object[]} messages @param {import("../../static/js/state.js").State} [from] */
export function story(messages, from = initial(JOIN, 0)) {
  return messages.reduce(
    (/** @type {import("../../static/js/state.js").State} */ state, message) =>
      receive(state, /** @type {any} */ (message), 0),
    from,
  );
}
