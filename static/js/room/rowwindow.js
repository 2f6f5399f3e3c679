/** Which of the lines are on the page: a long session would make a browser slow. Pure. */

/** Rows on the page while a reader looks back. */
export const ROWS = 500;
/** Rows that may pile up before old ones are taken away. */
export const SLACK = 100;
const STEP = 250;

/** @typedef {{from: number, to: number | null}} RowWindow `to` null: up to the newest. */

/** @type {RowWindow} */
export const NEWEST = { from: 0, to: null };

/**
 * Follows the newest lines. Old rows go only when the reader is at the bottom and sees none of it.
 *
 * @param {RowWindow} window
 * @param {number} count Lines there are.
 * @param {boolean} isFollowing Whether the reader is at the bottom.
 * @returns {RowWindow}
 */
export function follow(window, count, isFollowing) {
  if (window.to !== null || !isFollowing || count - window.from <= ROWS + SLACK) return window;
  return { from: count - ROWS, to: null };
}

/** @param {RowWindow} window @param {number} count @returns {RowWindow} Some earlier lines. */
export function earlier(window, count) {
  const from = Math.max(0, window.from - STEP);
  return { from, to: count - from > ROWS ? from + ROWS : null };
}

/** @param {number} count @returns {RowWindow} The newest lines. */
export function newest(count) {
  return { from: Math.max(0, count - ROWS), to: null };
}

/** @param {number} place @param {number} count @returns {RowWindow} One that holds line `place`. */
export function around(place, count) {
  const from = Math.max(0, Math.min(place - STEP, count - ROWS));
  return { from, to: from + ROWS < count ? from + ROWS : null };
}
