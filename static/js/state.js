/**
 * What the page knows, folded from what the server says. Pure: no clock, no document.
 *
 * An interim, a note or a microphone's state copies only its own small part; only a new line copies
 * the list of lines (references, a few thousand at most).
 */

import { caughtUp, consented, departed, forgotten, joined, learnt, presence, withdrew } from "./state/attendance.js";
import { corrected, noteAdded } from "./state/corrections.js";
import { provisional, speakers, speech } from "./state/hearing.js";
import { level } from "./state/levels.js";
import { gapLine, inserted } from "./state/lines.js";
import { NO_RULINGS } from "./state/rulings.js";
import { dropped, final, interim, microphone } from "./state/speech.js";
import { without } from "./state/tables.js";

/**
 * @typedef {import("./messages.js").ServerMessage} ServerMessage
 * @typedef {import("./state/lines.js").Line} Line
 * @typedef {{seat: string, name?: string | null, microphone: "own" | "room" | "none"}} Seat
 * @typedef {{role: string, seat: string | null, name: string | null, at: number}} Person One
 *   connection, and when it came.
 * @typedef {{speaker: string | null, state: string, heard_s: number}} Microphone
 * @typedef {{state: "suspect" | "held", until_s: number}} Presence How somebody's connection ails,
 *   and until when that is true without further news (this machine's clock).
 * @typedef {{final_s: number, is_behind: boolean, heard_s: number}} Lag
 * @typedef {{speaker: string | null, heard_s: number}} Level
 * @typedef {{speaker: string | null, start: number, committed: string, tentative: string,
 *   heard_s: number}} Interim
 * @typedef {{voice: string | null, start: number, confidence: number, heard_at: number}} Provisional
 *   Who seems to speak since when, and (session seconds) when that was told.
 * @typedef {{state: "on" | "behind" | "off", reason: string, heard_s: number}} Speakers Whether
 *   voices are told apart.
 * @typedef {import("./messages.js").NoteAdded & {isEdited?: boolean}} Note
 * @typedef {import("./messages.js").Evaluation} Evaluation
 *
 * @typedef {object} State
 * @property {string} title
 * @property {string} job
 * @property {readonly Seat[]} seats
 * @property {boolean} isConsentExternal Consent was seen to outside of this software.
 * @property {"live" | "ending" | "review" | "erased"} life
 * @property {boolean} isTogether Nobody is sent the others' voices: people sit together.
 * @property {number} seq Of the last event; everything visible up to it has been folded.
 * @property {boolean} isCaughtUp Whether what happened before has all been told.
 * @property {number} caughtUp_s This machine's clock when it had been.
 * @property {number} offset_s Session time minus this machine's clock.
 * @property {number | null} closed_s Session time of the end.
 * @property {Readonly<Record<string, Person>>} people By connection.
 * @property {Readonly<Record<string, true>>} departed By seat: who was here once.
 * @property {Readonly<Record<string, true>>} lost By seat: who went last without a goodbye.
 * @property {Readonly<Record<string, Presence>>} presences By seat: whose connection is not well.
 * @property {Readonly<Record<string, true>>} consents By seat.
 * @property {Readonly<Record<string, true>>} withdrawn By seat: whose consent was given, then taken back.
 * @property {Readonly<Record<string, true>>} learnt By seat: whose voice was learnt beforehand.
 * @property {boolean} isRoomConfirmed
 * @property {Readonly<Record<string, true>>} muted By track.
 * @property {Readonly<Record<string, Microphone>>} microphones By track.
 * @property {Readonly<Record<string, Lag>>} lags By track.
 * @property {Readonly<Record<string, Level>>} levels By track: who speaks, and when that was told.
 * @property {Readonly<Record<string, Interim>>} interims By track.
 * @property {Readonly<Record<string, number>>} finished_s By track: where its last final ended.
 * @property {Readonly<Record<string, Provisional>>} provisional By track.
 * @property {Readonly<Record<string, Speakers>>} speakers By track.
 * @property {Readonly<Record<string, readonly import("./messages.js").VoiceSpan[]>>} speech By
 *   track: who spoke when, by their starts.
 * @property {readonly import("./state/rulings.js").Fact[]} facts What says who spoke, and
 *   corrections, in the order of the journal.
 * @property {import("./state/rulings.js").Rulings} rulings What the facts add up to.
 * @property {Readonly<Record<string, string | null>>} voices Voice → seat.
 * @property {readonly string[]} found Voices that had no seat, in the order of their letters.
 * @property {readonly Line[]} lines In the order in which they began.
 * @property {readonly Note[]} written Notes as they were written.
 * @property {readonly Note[]} notes As they read now, without those that were taken back.
 * @property {Readonly<Record<string, Evaluation>>} evaluations The newest by applicant.
 */

/**
 * @param {import("./room/scene.js").Join} join What the server said on entering.
 * @param {number} now_s This machine's clock.
 * @returns {State}
 */
export function initial(join, now_s) {
  return {
    title: join.title,
    job: join.job ?? "",
    seats: join.seats ?? [],
    isConsentExternal: join.consent === "external",
    life: join.life,
    isTogether: false,
    seq: 0,
    isCaughtUp: false,
    caughtUp_s: 0,
    offset_s: (join.now ?? 0) - now_s,
    closed_s: null,
    people: {},
    departed: {},
    lost: {},
    presences: {},
    consents: {},
    withdrawn: {},
    learnt: {},
    isRoomConfirmed: false,
    muted: {},
    microphones: {},
    lags: {},
    levels: {},
    interims: {},
    finished_s: {},
    provisional: {},
    speakers: {},
    speech: {},
    facts: [],
    rulings: NO_RULINGS,
    voices: {},
    found: [],
    lines: [],
    written: [],
    notes: [],
    evaluations: {},
  };
}

/**
 * Returns the state after a message.
 *
 * @param {State} state
 * @param {ServerMessage} message
 * @param {number} now_s This machine's clock when it came.
 * @returns {State}
 */
export function receive(state, message, now_s) {
  if (!("wall" in message)) return told(state, message, now_s);
  if (message.seq <= state.seq) return state;
  // An event cannot come before it happens: the largest difference is the nearest to the truth.
  const offset_s = Math.max(state.offset_s, message.at - now_s);
  const after = { ...state, seq: message.seq, offset_s };
  return "erased" in message ? after : happened(after, message);
}

/**
 * Says whether the server knows less than this page: its journal lost or replaced what happened.
 *
 * @param {State} state
 * @param {ServerMessage} message
 */
export function isForgotten(state, message) {
  return message.type === "caught_up" && (message.seq ?? 0) < state.seq;
}

/** The connection is new: what was passing is unknown. @param {State} state @returns {State} */
export function reconnected(state) {
  const passing = {
    interims: {},
    microphones: {},
    lags: {},
    levels: {},
    presences: {},
    provisional: {},
    speakers: {},
  };
  return { ...state, isCaughtUp: false, ...passing };
}

/** Nothing comes any more: what was said of the moment is no longer true. @param {State} state @returns {State} */
export function disconnected(state) {
  return { ...state, interims: {}, lags: {}, levels: {}, provisional: {} };
}

/**
 * @param {State} state
 * @param {import("./messages.js").Answer | import("./messages.js").Signal} message
 * @param {number} now_s
 * @returns {State}
 */
function told(state, message, now_s) {
  switch (message.type) {
    case "interim":
      return interim(state, message, now_s);
    case "provisional_speaker":
      return provisional(state, message, now_s);
    case "speakers":
      return speakers(state, message, now_s);
    case "lag": {
      const { track, final_s, is_behind } = message;
      return { ...state, lags: { ...state.lags, [track]: { final_s, is_behind, heard_s: now_s } } };
    }
    case "microphone":
      return microphone(state, message, now_s);
    case "level":
      return level(state, message, now_s);
    case "presence":
      return presence(state, message, now_s);
    case "caught_up":
      return caughtUp(state, message.seq ?? 0, now_s);
    case "session_ended":
      return state.life === "erased" ? state : { ...state, life: "review" };
    case "missed": // The microphone's affair, not the state's.
    case "note_saved": // Answers go to whoever asked; the events tell the rest.
    case "evaluation_summary":
    case "audio_processed":
    case "done":
    case "error":
    case "ping":
      return state;
    default:
      return unknown(state, message);
  }
}

/**
 * @param {State} state
 * @param {import("./messages.js").JournalEvent} event
 * @returns {State}
 */
function happened(state, event) {
  switch (event.type) {
    case "session_created": {
      const { title, job, seats, consent, hear_each_other } = event.config;
      const isConsentExternal = consent === "external";
      const isTogether = hear_each_other === false;
      return { ...state, title, job, seats, isConsentExternal, isTogether };
    }
    case "consent_given":
      return consented(state, event.seat);
    case "consent_withdrawn":
      return withdrew(state, event);
    case "room_confirmed":
      return { ...state, isRoomConfirmed: true };
    case "joined":
      return joined(state, event);
    case "left":
      return departed(state, event);
    case "muted":
      return { ...state, muted: { ...state.muted, [event.track]: true } };
    case "unmuted":
      return { ...state, muted: without(state.muted, event.track) };
    case "note_added":
      return noteAdded(state, event);
    case "voice_assigned":
      return corrected(learnt(state, event), event);
    case "voice_forgotten": // What was said by whom is not.
      return forgotten(state, event.seat);
    case "segment_voiced":
    case "segment_split":
    case "voices_merged":
    case "segment_edited":
    case "note_edited":
    case "retracted":
      return corrected(state, event);
    case "speech":
      return speech(state, event);
    case "utterance_final":
      return final(state, event);
    case "utterance_dropped":
      return dropped(state, event);
    case "gap":
      return { ...state, lines: inserted(state.lines, gapLine(event)) };
    case "evaluation":
      return { ...state, evaluations: { ...state.evaluations, [event.applicant]: event } };
    case "session_closed":
      return { ...state, life: "review", closed_s: event.at, interims: {}, microphones: {}, levels: {} };
    case "erased":
      return event.seat ? state : { ...state, life: "erased" };
    case "audio_taken":
    case "speakers_checked":
      return state;
    default:
      return unknown(state, event);
  }
}

/**
 * A message of a newer server. That every known one has a case is checked by its type.
 *
 * @param {State} state
 * @param {never} message
 */
function unknown(state, message) {
  void message;
  return state;
}
