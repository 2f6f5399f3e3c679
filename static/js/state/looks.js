/** Questions to the state, answered without changing it. */

/**
 * @typedef {import("../state.js").State} State
 * @typedef {"absent" | "left" | "muted" | "open" | "silent" | "lost" | "room" | "unconfirmed"
 *   | "roomless" | "none" | "waiting" | "checking" | "suspect" | "held"} Sound
 *   `room`: heard by the room's microphone; `unconfirmed`: will be, once the operator has confirmed
 *   everybody's consent; `roomless`: no room microphone is heard now; `none`: heard by nobody;
 *   `waiting`: no sound yet; `checking`: the news are too old; `suspect`: nothing at all comes from
 *   them for some seconds; `held`: they lost their connection, and their seat is kept for a while.
 * @typedef {"given" | "missing" | "withdrawn"} Consent
 * @typedef {{seat: string, name: string | null, isPresent: boolean, sound: Sound,
 *   left_s: number | null, consent: Consent}} Place `left_s`: for so long a held seat is kept.
 */

/** A signal that is repeated every 2 s and has not come for so long is no longer true. */
const STALE_S = 4.5;
/** After so long the microphone has gone, and the signal that said so was lost. */
const GONE_S = 15;
/** Whoever has just come has a microphone or not: the first signal says so. */
const FIRST_SIGNAL_S = 8;
/** How long the words may be told as being behind without news. */
const BEHIND_S = 7;
/** Lag is told with finals, which may be far apart. */
const LAG_STALE_S = 60;

/** @param {State} state @param {number} now_s This machine's clock. @returns {Place[]} */
export function places(state, now_s) {
  const present = new Set(Object.values(state.people).map((person) => person.seat));
  return state.seats.map(({ seat, name, microphone }) => ({
    seat,
    name: name || null,
    isPresent: present.has(seat),
    sound: ailing(state, seat, now_s) ?? soundOf(state, seat, microphone, present.has(seat), now_s),
    left_s: heldFor(state, seat, now_s),
    consent: consentOf(state, seat, microphone),
  }));
}

/** @param {State} state @param {string} seat @param {"own"|"room"|"none"} microphone @returns {Consent} */
function consentOf(state, seat, microphone) {
  if (state.isConsentExternal || microphone === "none" || seat in state.consents) return "given";
  return seat in state.withdrawn ? "withdrawn" : "missing";
}

/** @param {State} state @param {string} seat @param {number} now_s @returns {"suspect" | "held" | null} */
function ailing(state, seat, now_s) {
  const told = state.presences[seat];
  if (!told || now_s >= told.until_s) return null;
  // Whoever said goodbye has left, though their seat is kept for a page that is loaded anew.
  return told.state === "held" && !(seat in state.lost) ? null : told.state;
}

/** @param {State} state @param {string} seat @param {number} now_s @returns {number | null} */
function heldFor(state, seat, now_s) {
  if (ailing(state, seat, now_s) !== "held") return null;
  return Math.ceil((state.presences[seat]?.until_s ?? now_s) - now_s);
}

/** @returns {Sound} @param {State} state @param {string} seat @param {"own"|"room"|"none"} microphone @param {boolean} isPresent @param {number} now_s */
function soundOf(state, seat, microphone, isPresent, now_s) {
  if (!isPresent) return seat in state.departed ? "left" : "absent";
  if (microphone === "room") return roomSound(state, now_s);
  if (microphone === "none") return "none";
  // An own microphone's track is named after its seat.
  if (seat in state.muted) return "muted";
  const signal = state.microphones[seat];
  const age_s = signal ? now_s - signal.heard_s : Infinity;
  if (signal && age_s <= STALE_S) return /** @type {Sound} */ (signal.state);
  if (age_s <= GONE_S) return "checking";
  return isNew(state, seat, now_s) ? "waiting" : "none";
}

/** @param {State} state @param {string} seat @param {number} now_s @returns {boolean} */
function isNew(state, seat, now_s) {
  if (!state.isCaughtUp || now_s - state.caughtUp_s < FIRST_SIGNAL_S) return true;
  const came = Object.values(state.people).flatMap((one) => (one.seat === seat ? [one.at] : []));
  return sessionTime(state, now_s) - Math.max(...came) < FIRST_SIGNAL_S;
}

/** @param {State} state @param {number} now_s @returns {Sound} What a seat in the room is told. */
function roomSound(state, now_s) {
  if (!state.isRoomConfirmed && !state.isConsentExternal) return "unconfirmed";
  return roomSounds(state, now_s).includes("open") ? "room" : "roomless";
}

/**
 * @param {State} state
 * @param {number} now_s
 * @returns {Sound[]} One per room microphone that is heard now.
 */
export function roomSounds(state, now_s) {
  return Object.entries(state.microphones)
    .filter(([, microphone]) => !microphone.speaker && now_s - microphone.heard_s <= STALE_S)
    .map(([track, { state: sound }]) =>
      track in state.muted ? "muted" : /** @type {Sound} */ (sound),
    );
}

/** @param {State} state @returns {{role: string, count: number}[]} Who is here without a seat. */
export function guests(state) {
  /** @type {Record<string, number>} */
  const counts = {};
  for (const { seat, role } of Object.values(state.people)) {
    if (!seat) counts[role] = (counts[role] ?? 0) + 1;
  }
  return Object.entries(counts).map(([role, count]) => ({ role, count }));
}

/**
 * How far the words are behind the speech, in the worst microphone.
 *
 * @param {State} state
 * @param {number} now_s
 * @returns {{final_s: number, isBehind: boolean} | null} Null: nothing was said lately.
 */
export function lagNow(state, now_s) {
  const lags = Object.values(state.lags).filter(({ heard_s }) => now_s - heard_s <= LAG_STALE_S);
  if (lags.length === 0) return null;
  return {
    final_s: Math.max(...lags.map(({ final_s }) => final_s)),
    isBehind: lags.some((lag) => lag.is_behind && now_s - lag.heard_s <= BEHIND_S),
  };
}

/** @param {State} state @param {number} now_s @returns {number} Session time; stands at the end. */
export function sessionTime(state, now_s) {
  return state.closed_s ?? Math.max(0, now_s + state.offset_s);
}

/** @param {State} state @param {string | null} voice @returns {string | null} The speaker's seat. */
export function speakerOf(state, voice) {
  return voice === null ? null : (state.voices[voice] ?? null);
}

/**
 * Whose words a line holds, or whose are missing.
 *
 * @param {State} state
 * @param {import("./lines.js").Line} line
 * @returns {string | null}
 */
export function seatOfLine(state, line) {
  if (line.kind === "caption") return speakerOf(state, line.voice);
  return state.seats.some(({ seat }) => seat === line.track) ? line.track : null;
}

/** Characters of the answer shown around the words that count. */
const AROUND = 14;

/**
 * The evidence of a criterion, in the words of the record.
 *
 * @param {State} state
 * @param {readonly {segment: string, from: number, to: number}[]} evidence
 * @returns {{segment: string, before: string, words: string, after: string}[]}
 */
export function quotes(state, evidence) {
  const wanted = new Set(evidence.map(({ segment }) => segment));
  /** @type {Map<string, string[]>} */
  const texts = new Map();
  for (const line of state.lines) {
    // The server counts characters, not UTF-16 units.
    if (line.kind === "caption" && wanted.has(line.key)) texts.set(line.key, [...line.text]);
  }
  return evidence.flatMap(({ segment, from, to }) => {
    const text = texts.get(segment);
    if (!text) return [];
    const left = wordStart(text, from - AROUND, from);
    const right = wordEnd(text, to + AROUND, to);
    return [
      {
        segment,
        before: (left > 0 ? "…" : "") + text.slice(left, from).join(""),
        words: text.slice(from, to).join(""),
        after: text.slice(to, right).join("") + (right < text.length ? "…" : ""),
      },
    ];
  });
}

/** @param {string[]} text @param {number} place @param {number} last @returns {number} */
function wordStart(text, place, last) {
  if (place <= 0) return 0;
  const space = text.indexOf(" ", place - 1);
  return space < 0 || space >= last ? place : space + 1;
}

/** @param {string[]} text @param {number} place @param {number} first @returns {number} */
function wordEnd(text, place, first) {
  if (place >= text.length) return text.length;
  const space = text.lastIndexOf(" ", place);
  return space < first ? place : space;
}

/** @param {State} state @returns {string[]} Seats a room microphone hears that have not consented. */
export function unconsented(state) {
  return state.seats
    .filter(({ seat, microphone }) => microphone === "room" && !(seat in state.consents))
    .map(({ seat }) => seat);
}

/** @param {State} state @returns {boolean} */
export function hasRoomMicrophone(state) {
  return state.seats.some(({ microphone }) => microphone === "room");
}
