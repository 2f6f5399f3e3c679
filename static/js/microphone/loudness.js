/** How loud a moment is, and what to tell a person about the last seconds. Pure. */

const FLOOR_DB = -60;
const CEILING_DB = -10;
/** Without automatic gain, speech at arm's length reaches a phone or a laptop above this. */
const HEARD = levelOf(-45);
const QUIET = levelOf(-55);
/** Long enough to bridge the pauses of somebody who counts "one, two, three". */
const HOLD_MS = 2500;

/** @param {number} db Of full scale. @returns {number} 0..1, linear in decibels. */
export function levelOf(db) {
  return Math.min(1, Math.max(0, (db - FLOOR_DB) / (CEILING_DB - FLOOR_DB)));
}

/** @param {Float32Array} samples -1..1 @returns {number} 0..1 */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum > 0 ? levelOf(10 * Math.log10(sum / samples.length)) : 0;
}

/**
 * @typedef {"heard" | "quiet" | "silent"} Verdict
 * @typedef {{heardAt_ms: number, quietAt_ms: number}} Hearing When each was last so.
 */

/** @type {Hearing} */
export const NOTHING_HEARD = { heardAt_ms: -Infinity, quietAt_ms: -Infinity };

/** @param {Hearing} hearing @param {number} level @param {number} now_ms @returns {Hearing} */
export function hear(hearing, level, now_ms) {
  return {
    heardAt_ms: level >= HEARD ? now_ms : hearing.heardAt_ms,
    quietAt_ms: level >= QUIET ? now_ms : hearing.quietAt_ms,
  };
}

/** @param {Hearing} hearing @param {number} now_ms @returns {Verdict} */
export function verdict(hearing, now_ms) {
  if (now_ms - hearing.heardAt_ms < HOLD_MS) return "heard";
  return now_ms - hearing.quietAt_ms < HOLD_MS ? "quiet" : "silent";
}
