/** Who speaks now, by what the server tells of the microphones' levels. */

import { without } from "./tables.js";

/** @typedef {import("../state.js").State} State */

/** A level (dBov) that means: nobody speaks any more. */
const QUIET = -127;
/** Told every 0.25 s while somebody speaks, but for the pauses between words; some get lost. */
const STALE_S = 1.5;

/**
 * @param {State} state
 * @param {import("../messages.js").Loudness} signal
 * @param {number} now_s
 * @returns {State}
 */
export function level(state, { track, speaker, level: dbov }, now_s) {
  if (dbov <= QUIET) return { ...state, levels: without(state.levels, track) };
  const one = { speaker: speaker ?? null, heard_s: now_s };
  return { ...state, levels: { ...state.levels, [track]: one } };
}

/**
 * @param {State} state
 * @param {number} now_s This machine's clock.
 * @returns {Set<string | null>} Seats; null: somebody speaks into a room microphone.
 */
export function speaking(state, now_s) {
  const found = Object.entries(state.levels).filter(
    ([track, { heard_s }]) => now_s - heard_s <= STALE_S && !(track in state.muted),
  );
  return new Set(found.map(([, { speaker }]) => speaker));
}
