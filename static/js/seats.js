/** Seats: their order, names and colours. */

import { language } from "./texts.js";

export const SEATS = ["면접관_1", "면접관_2", "면접관_3", "지원자_1", "지원자_2", "지원자_3"];

/** @param {string | null} seat */
export const isApplicant = (seat) => seat !== null && seat.startsWith("지원자");

/** @param {string | null} seat @returns {string} `면접관 1`, `Applicant 1`; 미확인 for nobody known. */
export function seatName(seat) {
  if (!seat || !SEATS.includes(seat)) return language() === "ko" ? "미확인" : "Unknown";
  const [kind, number] = seat.split("_");
  if (language() === "ko") return `${kind} ${number}`;
  return `${kind === "면접관" ? "Interviewer" : "Applicant"} ${number}`;
}

/**
 * @param {string | null} seat
 * @param {readonly {seat: string, name?: string | null}[]} seats Of the session's configuration.
 * @returns {string} The person's name where there is one, with the seat.
 */
export function personName(seat, seats) {
  const name = seats.find((place) => place.seat === seat)?.name;
  return name ? `${name} (${seatName(seat)})` : seatName(seat);
}

/** @param {string | null} seat @returns {string} The class that gives an element its colour. */
export function seatClass(seat) {
  const place = seat ? SEATS.indexOf(seat) : -1;
  return place < 0 ? "voice-unknown" : `voice-${place + 1}`;
}
