/** What is being said and what has been said, by microphone. */

import { withFound } from "./corrections.js";
import { captionsOf, droppedLine, heardIn, inserted } from "./lines.js";
import { without } from "./tables.js";

/** @typedef {import("../state.js").State} State */

/** While somebody speaks, news come every second or two; what is older was lost on its way. */
const STALE_S = 30;
/** Starts of one utterance differ by less: its place on the clock is corrected as it goes on. */
const SAME_S = 0.5;

/**
 * Signals may come late, or after the final that replaces them; such a one is dropped.
 *
 * @param {State} state
 * @param {import("../messages.js").Interim} signal
 * @param {number} now_s
 * @returns {State}
 */
export function interim(state, { track, speaker, start, committed, tentative }, now_s) {
  if (!committed && !tentative) {
    return track in state.interims
      ? { ...state, interims: without(state.interims, track) }
      : state;
  }
  if (start < (state.finished_s[track] ?? 0)) return state;
  const open = state.interims[track];
  const isSame = open !== undefined && Math.abs(open.start - start) < SAME_S;
  // What is committed only grows: less of it is older.
  if (isSame && committed.length < open.committed.length) return state;
  const words = { speaker: speaker ?? null, start, committed, tentative, heard_s: now_s };
  return { ...state, interims: { ...state.interims, [track]: words } };
}

/**
 * The signal that ended them may have been lost.
 *
 * @param {State} state
 * @param {number} now_s
 * @returns {State} The same one where there is nothing to forget.
 */
export function withoutStale(state, now_s) {
  const fresh = Object.entries(state.interims).filter(([, { heard_s }]) => now_s - heard_s < STALE_S);
  if (fresh.length === Object.keys(state.interims).length) return state;
  return { ...state, interims: Object.fromEntries(fresh) };
}

/**
 * @param {State} state
 * @param {import("../messages.js").UtteranceFinal} event
 * @returns {State}
 */
export function final(state, event) {
  const after = finished(state, event.track, event.end);
  const heard = heardIn(event);
  const captions = heard.flatMap((one) => captionsOf(one, state.rulings));
  const lines = captions.reduce(inserted, after.lines);
  return withFound({ ...after, lines }, heard.map(({ voice }) => voice));
}

/** @param {State} state @param {string} track @param {number} end @returns {State} */
function finished(state, track, end) {
  const until = Math.max(end, state.finished_s[track] ?? 0);
  const open = state.interims[track];
  const interims = open && open.start < until ? without(state.interims, track) : state.interims;
  return { ...state, interims, finished_s: { ...state.finished_s, [track]: until } };
}

/** @param {State} state @param {string} track @returns {State} */
function gone(state, track) {
  return {
    ...state,
    microphones: without(state.microphones, track),
    lags: without(state.lags, track),
    levels: without(state.levels, track),
    interims: without(state.interims, track),
    provisional: without(state.provisional, track),
    speakers: without(state.speakers, track),
  };
}

/**
 * @param {State} state
 * @param {import("../messages.js").UtteranceDropped} event
 * @returns {State}
 */
export function dropped(state, event) {
  const line = droppedLine(event);
  const after = finished(state, event.track, event.end);
  return line ? { ...after, lines: inserted(after.lines, line) } : after;
}

/**
 * @param {State} state
 * @param {import("../messages.js").Microphone} signal
 * @param {number} now_s
 * @returns {State}
 */
export function microphone(state, { track, speaker, state: sound }, now_s) {
  if (sound === "off") return gone(state, track);
  const one = { speaker: speaker ?? null, state: sound, heard_s: now_s };
  return { ...state, microphones: { ...state.microphones, [track]: one } };
}
