/** Who came, who left, who agreed and who took it back. */

import { inserted, withdrawnLine } from "./lines.js";
import { without } from "./tables.js";

/** @typedef {import("../state.js").State} State */

/** @param {State} state @param {number} seq @param {number} now_s @returns {State} */
export function caughtUp(state, seq, now_s) {
  return { ...state, isCaughtUp: true, caughtUp_s: now_s, seq: Math.max(state.seq, seq) };
}

/**
 * @param {State} state
 * @param {import("../messages.js").Joined & {at: number}} event
 * @returns {State}
 */
export function joined(state, { connection, role, seat, name, at }) {
  const person = { role, seat: seat ?? null, name: name ?? null, at };
  return { ...state, people: { ...state.people, [connection]: person } };
}

/** @param {State} state @param {string} connection @returns {State} */
export function departed(state, connection) {
  const seat = state.people[connection]?.seat;
  const after = { ...state, people: without(state.people, connection) };
  return seat ? { ...after, departed: { ...state.departed, [seat]: true } } : after;
}

/** @param {State} state @param {string} seat @returns {State} */
export function consented(state, seat) {
  return {
    ...state,
    consents: { ...state.consents, [seat]: true },
    withdrawn: without(state.withdrawn, seat),
  };
}

/**
 * @param {State} state
 * @param {{seq: number, seat: string, at: number}} event
 * @returns {State} The room was confirmed for everybody's consent: not any more.
 */
export function withdrew(state, event) {
  return {
    ...state,
    consents: without(state.consents, event.seat),
    withdrawn: { ...state.withdrawn, [event.seat]: true },
    isRoomConfirmed: false,
    lines: inserted(state.lines, withdrawnLine(event)),
  };
}
