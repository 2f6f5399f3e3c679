/** The record as the page needs it: pure functions from the server's result. */

/**
 * @typedef {{segment: string, speaker: string, text: string, start: number, end: number,
 *   text_confidence: number, is_late?: boolean}} Transcript
 * @typedef {{seq: number, by: string, note: string, media_at: number}} Note
 * @typedef {{track: string, start: number, end: number, reason: string}} Gap
 * @typedef {{seat: string, at: number, is_given: boolean, keep_audio_days?: number}} Consent
 * @typedef {{timestamp: number, speaker: string, keywords: string[],
 *   levels: Record<string, number | null>}} Evaluation
 * @typedef {{session_id: string, title: string, job: string, life: string, revision: number,
 *   start_time: string, duration: number, consent: "required" | "external" | null,
 *   transcripts: Transcript[], speaker_notes: Record<string, Note[]>, gaps?: Gap[],
 *   dropped?: Gap[], consents?: Consent[],
 *   evaluations: Evaluation[], dropped_utterances: number, erased_events: number}} Result
 * @typedef {{seat: string, name?: string | null}} Place
 *
 * @typedef {{kind: "said", id: string, at: number, end: number, seat: string, text: string,
 *   confidence: number, isTurn: boolean, isLate: boolean}} Said `isTurn`: somebody else spoke
 *   before; `isLate`: said while the connection was lost, and received later.
 * @typedef {{kind: "note", id: string, at: number, by: string, about: string, text: string}} Noted
 * @typedef {{kind: "gap", at: number, end: number, track: string, reason: string}} Missed
 * @typedef {{kind: "lost", at: number, end: number, track: string}} Lost
 * @typedef {{kind: "consent", at: number, seat: string,
 *   to: "agreed" | "agreedKeeping" | "keepingEnded" | "withdrawn"}} Agreed `keepingEnded`: agreed
 *   again, but not any more to their voice being kept.
 * @typedef {Said | Noted | Missed | Lost | Agreed} Moment
 */

const KINDS = ["consent", "gap", "lost", "said", "note"];

/** @param {Result} result @returns {Moment[]} What was said, noted and missed, by its time. */
export function timeline(result) {
  /** @type {Moment[]} */
  const moments = [...said(result), ...notes(result), ...missed(result), ...lost(result)];
  moments.push(...agreed(result));
  moments.sort((a, b) => a.at - b.at || KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind));
  let speaker = "";
  return moments.map((moment) => {
    if (moment.kind !== "said") return moment;
    const isTurn = moment.seat !== speaker;
    speaker = moment.seat;
    return { ...moment, isTurn };
  });
}

/** @param {Result} result @returns {Said[]} */
function said(result) {
  return result.transcripts.map((one) => ({
    kind: "said",
    id: `said-${one.segment}`,
    at: one.start,
    end: one.end,
    seat: one.speaker,
    text: one.text,
    confidence: one.text_confidence,
    isTurn: true,
    isLate: one.is_late === true,
  }));
}

/** @param {Result} result @returns {Noted[]} By their time. */
export function notes(result) {
  /** @type {Noted[]} */
  const found = Object.entries(result.speaker_notes).flatMap(([about, list]) =>
    list.map((one) => ({
      kind: /** @type {const} */ ("note"),
      id: `note-${one.seq}`,
      at: one.media_at,
      by: one.by,
      about,
      text: one.note,
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

/** @param {Result} result @returns {{seat: string, count: number}[]} Who spoke, how often. */
export function speakers(result) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { speaker } of result.transcripts) {
    counts.set(speaker, (counts.get(speaker) ?? 0) + 1);
  }
  return [...counts]
    .map(([seat, count]) => ({ seat, count }))
    .sort((a, b) => (rank(a.seat) < rank(b.seat) ? -1 : 1));
}

/** @param {string} speaker Seats sort as they are written; unknown voices come last. */
function rank(speaker) {
  return speaker === "unknown" ? "\uffff" : speaker;
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
