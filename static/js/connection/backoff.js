/** How long to wait before the next try. */

const FIRST_MS = 500;
const LONGEST_MS = 8000;

/**
 * @param {number} attempt 0 for the first repetition.
 * @param {() => number} random In [0, 1). Without it everybody would come back at the same moment.
 * @returns {number} Between half of the pause and all of it: 0.5 s, 1 s, 2 s … 8 s.
 */
export function pauseMs(attempt, random) {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return whole * (0.5 + random() / 2);
}
