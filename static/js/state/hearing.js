/** Who seems to speak into a room microphone, and who spoke into it when. */

/**
 * @typedef {import("../state.js").State} State
 * @typedef {import("../messages.js").VoiceSpan} VoiceSpan
 */

/** News of who speaks come so late at most, and may still be about whoever spoke before. */
const LATE_S = 3;
/** The signal is repeated; after so long without it, it was lost that the microphone has gone. */
const STALE_S = 15;
/** Less is no speaking at the same time but a quick reply. */
const TOGETHER_S = 0.3;
/** No span is longer: a turn ends when somebody else begins, or with a pause. */
const LONGEST_S = 300;

/**
 * @param {State} state
 * @param {import("../messages.js").ProvisionalSpeaker} signal
 * @param {number} now_s
 * @returns {State}
 */
export function provisional(state, { track, voice, start, confidence }, now_s) {
  const heard_at = now_s + state.offset_s;
  const one = { voice: voice ?? null, start, confidence, heard_at };
  return { ...state, provisional: { ...state.provisional, [track]: one } };
}

/**
 * @param {State} state
 * @param {import("../messages.js").Speakers} signal
 * @param {number} now_s
 * @returns {State}
 */
export function speakers(state, { track, state: how, reason }, now_s) {
  const one = { state: how, reason: reason ?? "", heard_s: now_s };
  return { ...state, speakers: { ...state.speakers, [track]: one } };
}

/**
 * @param {State} state
 * @param {string} track
 * @param {import("../state.js").Interim} interim
 * @returns {{voice: string | null, confidence: number} | null} Null: nothing was told of it yet.
 */
export function speakerNow(state, track, interim) {
  const told = state.provisional[track];
  if (!told) return null;
  const isOfThis = told.start >= interim.start - 0.5 || told.heard_at >= interim.start + LATE_S;
  return isOfThis ? told : null;
}

/**
 * @param {State} state
 * @param {number} now_s
 * @returns {{state: "off" | "behind", reason: string} | null} Null: all voices are told apart.
 */
export function untold(state, now_s) {
  const fresh = Object.values(state.speakers).filter(({ heard_s }) => now_s - heard_s <= STALE_S);
  const off = fresh.find((one) => one.state === "off");
  const one = off ?? fresh.find((other) => other.state === "behind");
  return one ? { state: off ? "off" : "behind", reason: one.reason } : null;
}

/**
 * @param {State} state
 * @param {{track: string, start: number, end: number, spans: readonly VoiceSpan[]}} event
 * @returns {State} It replaces what was said of its stretch before.
 */
export function speech(state, { track, start, end, spans }) {
  const kept = (state.speech[track] ?? []).flatMap((span) => outside(span, start, end));
  const all = [...kept, ...spans].sort((one, other) => one.start - other.start);
  return { ...state, speech: { ...state.speech, [track]: all } };
}

/** @param {VoiceSpan} span @param {number} start @param {number} end @returns {VoiceSpan[]} */
function outside(span, start, end) {
  if (span.end <= start || span.start >= end) return [span];
  const before = span.start < start ? [{ ...span, end: start }] : [];
  const after = span.end > end ? [{ ...span, start: end }] : [];
  return [...before, ...after];
}

/**
 * @param {State} state
 * @param {import("./lines.js").Caption} line
 * @returns {string[]} Voices that spoke while this one did.
 */
export function together(state, line) {
  const near = spansNear(state.speech[line.track] ?? [], line.start, line.end);
  const same = (/** @type {string | null} */ voice) =>
    voice === null ? null : (state.rulings.merged[voice] ?? voice);
  const own = same(line.voice);
  /** @type {Map<string, number>} */
  const shared = new Map();
  for (const one of near.filter(({ voice }) => same(voice) === own)) {
    for (const other of near) {
      const voice = same(other.voice);
      if (voice === null || voice === own) continue;
      const end = Math.min(one.end, other.end, line.end);
      const both = end - Math.max(one.start, other.start, line.start);
      if (both > 0) shared.set(voice, (shared.get(voice) ?? 0) + both);
    }
  }
  return [...shared].flatMap(([voice, both]) => (both >= TOGETHER_S ? [voice] : []));
}

/** @param {readonly VoiceSpan[]} spans By their starts. @param {number} start @param {number} end */
function spansNear(spans, start, end) {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle]?.start ?? 0) < end) low = middle + 1;
    else high = middle;
  }
  /** @type {VoiceSpan[]} */
  const near = [];
  for (let place = low - 1; place >= 0; place -= 1) {
    const span = spans[place];
    if (!span || span.start < start - LONGEST_S) break;
    if (span.end > start) near.push(span);
  }
  return near;
}
