/** Names and titles that people typed, so that their direction stays their own. */

import { h } from "./dom.js";
import { personName } from "./seats.js";

/** @param {string} text */
export const bdi = (text) => h("bdi", {}, text);

/**
 * @param {string | null} seat
 * @param {readonly {seat: string, name?: string | null}[]} seats
 */
export const personNode = (seat, seats) => bdi(personName(seat, seats));

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
