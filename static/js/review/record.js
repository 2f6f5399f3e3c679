/** The record as the page needs it: pure functions from the server's result. */

import { said } from "./said.js";

/**
 * @typedef {{segment: string, speaker: string, text: string, start: number, end: number,
 *   text_confidence: number, voice?: string | null, voice_confidence?: number, is_late?: boolean,
 *   is_moved?: boolean, is_edited?: boolean, heard?: string}} Transcript
 * @typedef {{seq: number, by: string, note: string, media_at: number, is_edited?: boolean}} Note
 * @typedef {{track: string, start: number, end: number, reason: string}} Gap
 * @typedef {{voice: string, seat: string | null, letter: string, is_own: boolean}} Voice
 * @typedef {{seat: string, at: number, is_given: boolean, keep_audio_days?: number}} Consent
 * @typedef {{timestamp: number, speaker: string, keywords: string[],
 *   levels: Record<string, number | null>}} Evaluation
 * @typedef {{session_id: string, title: string, job: string, life: string, revision: number,
 *   start_time: string, duration: number, consent: "required" | "external" | null,
 *   transcripts: Transcript[], speaker_notes: Record<string, Note[]>, gaps?: Gap[],
 *   dropped?: Gap[], consents?: Consent[], voices?: Voice[],
 *   suppressed?: {track: string, start: number, end: number}[],
 *   checked?: {method: string, through: number, changed: number} | null,
 *   evaluations: Evaluation[], dropped_utterances: number, erased_events: number}} Result
 * @typedef {{seat: string, name?: string | null}} Place
 *
 * @typedef {{key: string, seat: string | null, letter: string, voice: string | null}} Who `key`: of
 *   the filter; `letter`: of a voice without a seat, if it has one.
 * @typedef {Who & {kind: "said", id: string, segment: string, at: number, end: number, text: string,
 *   heard: string | null, confidence: number, sureness: import("../confidence.js").Sureness,
 *   isTurn: boolean, isLate: boolean, isMoved: boolean}} Said `isTurn`: somebody else spoke before;
 *   `isLate`: said while the connection was lost, and received later; `isMoved`: a person said whose
 *   it is; `heard`: what was understood before a person wrote the text, null where nobody did.
 * @typedef {{kind: "note", id: string, seq: number, at: number, by: string, about: string,
 *   text: string, isEdited: boolean}} Noted
 * @typedef {{kind: "gap", at: number, end: number, track: string, reason: string}} Missed
 * @typedef {{kind: "lost", at: number, end: number, track: string}} Lost
 * @typedef {{kind: "suppressed", at: number, end: number, track: string}} Suppressed
 * @typedef {{kind: "consent", at: number, seat: string,
 *   to: "agreed" | "agreedKeeping" | "keepingEnded" | "withdrawn"}} Agreed `keepingEnded`: agreed
 *   again, but not any more to their voice being kept.
 * @typedef {Said | Noted | Missed | Lost | Suppressed | Agreed} Moment
 */

const KINDS = ["consent", "gap", "lost", "suppressed", "said", "note"];
/** Of one microphone, with no more than so much between: one line. */
const TOGETHER_S = 10;

/** @param {Result} result @returns {Moment[]} What was said, noted and missed, by its time. */
export function timeline(result) {
  /** @type {Moment[]} */
  const moments = [...said(result), ...notes(result), ...missed(result), ...lost(result)];
  moments.push(...agreed(result), ...suppressed(result));
  moments.sort((a, b) => a.at - b.at || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  let speaker = "";
  return moments.map((moment) => {
    if (moment.kind !== "said") return moment;
    // A guess and a sure name are two turns: the mark stands beside the name.
    const name = `${moment.key} ${moment.sureness}`;
    const isTurn = name !== speaker;
    speaker = name;
    return { ...moment, isTurn };
  });
}

/** @param {Result} result @returns {Noted[]} By their time. */
export function notes(result) {
  /** @type {Noted[]} */
  const found = Object.entries(result.speaker_notes).flatMap(([about, list]) =>
    list.map((one) => ({
      kind: /** @type {const} */ ("note"),
      id: `note-${one.seq}`,
      seq: one.seq,
      at: one.media_at,
      by: one.by,
      about,
      text: one.note,
      isEdited: one.is_edited === true,
    })),
  );
  return found.sort((a, b) => a.at - b.at);
}

/** @param {Result} result @returns {Missed[]} */
function missed(result) {
  return (result.gaps ?? []).map(({ track, start, end, reason }) => ({
    kind: "gap",
    at: start,
    end,
    track,
    reason,
  }));
}

/** @param {Result} result @returns {Lost[]} */
function lost(result) {
  return (result.dropped ?? []).map(({ track, start, end }) => ({
    kind: "lost",
    at: start,
    end,
    track,
  }));
}

/** @param {Result} result @returns {Suppressed[]} */
function suppressed({ suppressed = [] }) {
  /** @type {Map<string, Suppressed>} */
  const last = new Map();
  /** @type {Suppressed[]} */
  const found = [];
  for (const { track, start, end } of [...suppressed].sort((a, b) => a.start - b.start)) {
    const before = last.get(track);
    if (before && start - before.end <= TOGETHER_S) before.end = Math.max(before.end, end);
    else {
      /** @type {Suppressed} */
      const one = { kind: "suppressed", at: start, end, track };
      last.set(track, one);
      found.push(one);
    }
  }
  return found;
}

/** @param {Result} result @returns {Agreed[]} */
function agreed(result) {
  /** @type {Set<string>} */
  const kept = new Set();
  return (result.consents ?? []).map(({ seat, at, is_given, keep_audio_days = 0 }) => {
    const wasKept = kept.delete(seat);
    if (is_given && keep_audio_days > 0) kept.add(seat);
    const given = keep_audio_days > 0 ? "agreedKeeping" : wasKept ? "keepingEnded" : "agreed";
    return { kind: "consent", at, seat, to: is_given ? given : "withdrawn" };
  });
}

/** @param {Result} result @returns {string[]} The seats whose persons agree to being kept. */
export function kept(result) {
  const last = new Map((result.consents ?? []).map((one) => [one.seat, one]));
  return [...last.values()].flatMap((one) => (one.is_given && (one.keep_audio_days ?? 0) > 0 ? [one.seat] : [])).sort();
}

/**
 * @param {Result} result
 * @returns {{applicant: string, wall: number, levels: [string, number | null][],
 *   mentions: [string, string][]}[]} The newest of each applicant.
 */
export function newest(result) {
  /** @type {Map<string, Evaluation>} */
  const last = new Map();
  for (const one of result.evaluations) last.set(one.speaker, one);
  return [...last.values()]
    .sort((a, b) => (a.speaker < b.speaker ? -1 : 1))
    .map(({ speaker, timestamp, levels, keywords }) => ({
      applicant: speaker,
      wall: timestamp,
      levels: Object.entries(levels ?? {}),
      mentions: (keywords ?? []).map(mention),
    }));
}

/**
 * What stands in the place of a level: it was not given, or nothing was there to give it for.
 *
 * @param {number | null} level
 * @param {number} mentions
 * @returns {"level" | "noLevel" | "noEvidence"}
 */
export function levelWord(level, mentions) {
  if (level !== null) return "level";
  return mentions > 0 ? "noLevel" : "noEvidence";
}

/** @param {string} keyword Such as `기술: 3개`. @returns {[string, string]} */
function mention(keyword) {
  const found = /^(.*): (\d+)개$/.exec(keyword);
  return found ? [found[1] ?? "", found[2] ?? ""] : [keyword, ""];
}

/** @param {Result} result Whether somebody's part of it was erased. */
export function isPartlyErased(result) {
  return result.life !== "erased" && result.erased_events > 0;
}
