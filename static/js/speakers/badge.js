/** A speaker's mark: colour, shape and number or letter, so that nobody needs the colour. */

import { h, setText } from "../dom.js";
import { isApplicant, personName, seatClass, seatName, SEATS } from "../seats.js";

/**
 * @typedef {{seat: string | null, letter: string}} Shown
 * @typedef {readonly {seat: string, name?: string | null}[]} Seats
 */

/** @param {Shown} shown @returns {HTMLElement} Interviewers square, applicants round, 미확인 dashed. */
export function badge(shown) {
  const element = h("span", { "aria-hidden": "true" });
  showBadge(element, shown);
  return element;
}

/** @param {HTMLElement} element @param {Shown} shown */
export function showBadge(element, { seat, letter }) {
  const isSeat = seat !== null && SEATS.includes(seat);
  const shape = !isSeat ? "open" : isApplicant(seat) ? "round" : "square";
  const kind = `badge ${shape} ${seatClass(seat)}`;
  if (element.className !== kind) element.className = kind;
  setText(element, isSeat ? (seat.split("_")[1] ?? "") : letter || "?");
}

/** @param {Shown} shown @param {Seats} seats @returns {string} `지원자 1`, `미확인 A`. */
export function speakerName({ seat, letter }, seats) {
  if (seat !== null) return personName(seat, seats);
  return letter ? `${seatName(null)} ${letter}` : seatName(null);
}
