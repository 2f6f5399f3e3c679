/** Names and titles that people typed, so that their direction stays their own. */

import { h } from "./dom.js";
import { seatName } from "./seats.js";

/** @param {string} text */
export const bdi = (text) => h("bdi", {}, text);

/** @param {string} text @returns {string} The same for sentences that can only be text. */
export const isolated = (text) => `\u2068${text}\u2069`;

/**
 * @param {string | null} seat
 * @param {readonly {seat: string, name?: string | null}[]} seats
 */
export function personNode(seat, seats) {
  const name = seats.find((place) => place.seat === seat)?.name;
  return name ? h("span", {}, bdi(name), ` (${seatName(seat)})`) : bdi(seatName(seat));
}

/**
 * Words with names among them, each isolated.
 *
 * @param {string} words With `{key}` where a name belongs.
 * @param {Record<string, string>} names
 * @returns {(string | Node)[]}
 */
export function withNames(words, names) {
  return words.split(/(\{\w+\})/u).map((part) => {
    const name = names[part.slice(1, -1)];
    return part.startsWith("{") && name !== undefined ? bdi(name) : part;
  });
}
