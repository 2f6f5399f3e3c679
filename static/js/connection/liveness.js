/**
 * Whether the other side still lives, judged by what comes from it. Pure.
 *
 * ```
 * here -> suspect (nothing for 2.5 s) -> lost (nothing for 6 s)
 * suspect -> here when anything comes
 * ```
 *
 * The server sends a packet at least each 0.4 s to whoever may listen, so silence means trouble. It
 * is judged from the first packet on: without one, nothing is known of how often they come.
 */

/** How often to look. */
export const LOOK_MS = 500;
const SUSPECT_MS = 2500;
const LOST_MS = 6000;
/** Who looks so late was asleep, or kept from looking: that says nothing about the other side. */
const LATE_MS = 1500;
/** After a change of network silence counts sooner. */
const DOUBT_MS = 1500;

/**
 * @typedef {"here" | "suspect" | "lost"} Verdict
 * @typedef {object} Liveness
 * @property {number | null} heardAt_ms Null: nothing has come yet.
 * @property {number} lookedAt_ms
 * @property {number} heard Counts what has come.
 */

/** @param {number} now_ms @returns {Liveness} */
export const unheard = (now_ms) => ({ heardAt_ms: null, lookedAt_ms: now_ms, heard: 0 });

/**
 * @param {Liveness} before
 * @param {number} heard What has come since the beginning, counted.
 * @param {number} now_ms
 * @returns {Liveness}
 */
export function look(before, heard, now_ms) {
  const isNew = heard > before.heard;
  const isLate = now_ms - before.lookedAt_ms > LATE_MS;
  const heardAt_ms = isNew || (isLate && before.heardAt_ms !== null) ? now_ms : before.heardAt_ms;
  return { heardAt_ms, lookedAt_ms: now_ms, heard: Math.max(heard, before.heard) };
}

/** @param {Liveness} liveness @param {number} now_ms @returns {Liveness} */
export function doubt(liveness, now_ms) {
  if (liveness.heardAt_ms === null) return liveness;
  return { ...liveness, heardAt_ms: Math.min(liveness.heardAt_ms, now_ms - DOUBT_MS) };
}

/** @param {Liveness} liveness @returns {Verdict} As of the last look. */
export function verdict({ heardAt_ms, lookedAt_ms }) {
  if (heardAt_ms === null || lookedAt_ms - heardAt_ms < SUSPECT_MS) return "here";
  return lookedAt_ms - heardAt_ms < LOST_MS ? "suspect" : "lost";
}
