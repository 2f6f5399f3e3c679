/** Who came, who left, who agreed and who took it back. */

import { inserted, withdrawnLine } from "./lines.js";
import { without } from "./tables.js";

/** @typedef {import("../state.js").State} State */

/** The signal is repeated every 2 s; after so long without it somebody is no longer suspect. */
const SUSPECT_S = 4.5;

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
  const after = { ...state, people: { ...state.people, [connection]: person } };
  // Whoever comes (back) is connected well; that they were not belongs to their last connection.
  return seat ? { ...after, presences: without(state.presences, seat) } : after;
}

/**
 * @param {State} state
 * @param {{connection: string, reason?: string}} event
 * @returns {State}
 */
export function departed(state, { connection, reason }) {
  const seat = state.people[connection]?.seat;
  const after = { ...state, people: without(state.people, connection) };
  if (!seat) return after;
  const others = without(state.lost, seat);
  const lost = reason === "lost" ? { ...others, [seat]: /** @type {const} */ (true) } : others;
  return { ...after, departed: { ...state.departed, [seat]: true }, lost };
}

/**
 * @param {State} state
 * @param {import("../messages.js").Presence} signal `track`: the seat.
 * @param {number} now_s
 * @returns {State}
 */
export function presence(state, { track: seat, state: how, left_s }, now_s) {
  const presences = without(state.presences, seat);
  if (how === "here") return { ...state, presences };
  if (how === "gone") {
    return { ...state, presences, departed: { ...state.departed, [seat]: true } };
  }
  const until_s = now_s + (how === "held" ? left_s : SUSPECT_S);
  return { ...state, presences: { ...presences, [seat]: { state: how, until_s } } };
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

/** @param {State} state @param {import("../messages.js").VoiceAssigned} event @returns {State} */
export function learnt(state, { seat, reason }) {
  if (reason !== "enrolment" || seat === null) return state;
  return { ...state, learnt: { ...state.learnt, [seat]: true } };
}

/** @param {State} state @param {string} seat @returns {State} */
export function forgotten(state, seat) {
  return { ...state, learnt: without(state.learnt, seat) };
}
