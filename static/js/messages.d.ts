/* Written by `make types` from server/messages.py and server/events.py: change those instead.
 *
 * A newer server may send types that are not listed here; whoever switches over `type` has to
 * pass over what it does not know.
 */

/**
 * A note about the seat `speaker`; its author is the connection.
 *
 * `media_at`: session seconds of the moment it is about; without it the receipt.
 */
export interface SpeakerNote {
  type: "speaker_note";
  speaker: string;
  note: string;
  timestamp?: number | string | null;
  media_at?: number | null;
  id?: string | null;
}

/** Evaluate what is new and answer the summary. */
export interface EvaluationRequest {
  type: "evaluation_request";
  id?: string | null;
}

/** A recording or the next piece of one, base64; `speaker`: whose own microphone it is. */
export interface AudioChunk {
  type: "audio_chunk";
  audio_data: string;
  timestamp?: number | string | null;
  speaker?: string | null;
  id?: string | null;
}

/** End the interview and answer its record. */
export interface SessionEnd {
  type: "session_end";
  id?: string | null;
}

/** The person of this connection's seat agrees to recording and software evaluation. */
export interface Consent {
  type: "consent";
  id?: string | null;
}

/** The person of this connection's seat agrees no more; nobody listens from now on. */
export interface WithdrawConsent {
  type: "withdraw_consent";
  id?: string | null;
}

/** Everybody whom a room microphone hears has consented, the operator says. */
export interface ConfirmRoom {
  type: "confirm_room";
  id?: string | null;
}

/** Do not listen to this connection's microphone, or listen again. */
export interface Mute {
  type: "mute";
  is_muted: boolean;
  id?: string | null;
}

/** Send every visible event after `after_seq`, then what happens from now on. */
export interface Subscribe {
  type: "subscribe";
  after_seq?: number;
  id?: string | null;
}

export type Command =
  | SpeakerNote
  | EvaluationRequest
  | AudioChunk
  | SessionEnd
  | Consent
  | WithdrawConsent
  | ConfirmRoom
  | Mute
  | Subscribe;

/** The note is durable. */
export interface NoteSaved {
  type: "note_saved";
  speaker: string;
  note: string;
  timestamp: number | string | null;
  reply_to?: string;
  seq?: number;
}

/** Counts and averages of the session so far. */
export interface EvaluationSummary {
  type: "evaluation_summary";
  summary: Record<string, any>;
  reply_to?: string;
  seq?: number;
}

/** What was heard in the utterances that ended with this chunk. */
export interface AudioProcessed {
  type: "audio_processed";
  result: Record<string, any>;
  reply_to?: string;
  seq?: number;
}

/** The whole record, or (over a data channel) where it can be read. */
export interface SessionEnded {
  type: "session_ended";
  final_result?: Record<string, any>;
  result_url?: string;
  reply_to?: string;
  seq?: number;
}

/** A command without an answer of its own was executed. */
export interface Done {
  type: "done";
  reply_to?: string;
  seq?: number;
}

/** The replay is complete; what follows is live. */
export interface CaughtUp {
  type: "caught_up";
  reply_to?: string;
  seq?: number;
}

/** Something was wrong; the connection stays open. */
export interface ErrorAnswer {
  type: "error";
  code: string;
  error: string;
  reply_to?: string;
  seq?: number;
}

/** Sent after 30 s without a message from the client; needs no answer. */
export interface Ping {
  type: "ping";
  timestamp: number;
  reply_to?: string;
  seq?: number;
}

export type Answer =
  | NoteSaved
  | EvaluationSummary
  | AudioProcessed
  | SessionEnded
  | Done
  | CaughtUp
  | ErrorAnswer
  | Ping;

/**
 * Words of an utterance that still goes on; `committed` will hardly change any more.
 *
 * Empty in both: the utterance ended without words.
 */
export interface Interim {
  type: "interim";
  speaker: string | null;
  start: number;
  committed: string;
  tentative: string;
  track: string;
}

/**
 * How far behind speech a track's final words are, and whether interims were thinned out.
 *
 * While behind, `final_s` is at least the age of the oldest utterance without words.
 */
export interface Lag {
  type: "lag";
  final_s: number;
  is_behind: boolean;
  track: string;
}

/**
 * How a track's microphone is; repeated, so that nobody needs what was said before.
 *
 * `silent`: packets come and hold digital silence; `lost`: none come; `off`: it has gone.
 */
export interface Microphone {
  type: "microphone";
  speaker: string | null;
  state: "lost" | "off" | "open" | "silent";
  track: string;
}

export type Signal =
  | Interim
  | Lag
  | Microphone;

/**
 * What every event carries. `at`: session seconds; `wall`: Unix seconds; `by`: a seat,
 * `operator` or `system`; `cmd`: the id of the command that caused it.
 */
export interface Envelope {
  seq: number;
  at: number;
  wall: number;
  by: string;
  v: number;
  cmd: string | null;
}

/** One place in the session, who will sit there, and which microphone hears it. */
export interface SeatConfig {
  seat: string;
  name: string | null;
  microphone: "none" | "own" | "room";
}

/**
 * What an operator decides before the interview.
 *
 * `consent` is `required` when every person consents here before any sound is taken, and
 * `external` when the operator's own process (an existing client) has seen to it.
 */
export interface SessionConfig {
  seats: SeatConfig[];
  title: string;
  job: string;
  consent: "external" | "required";
}

/** The session begins; session time 0. */
export interface SessionCreated extends Envelope {
  type: "session_created";
  config: SessionConfig;
}

/** The person in `seat` agreed to recording and software evaluation. */
export interface ConsentGiven extends Envelope {
  type: "consent_given";
  seat: string;
}

/** The person in `seat` agrees no more; a confirmation of the room is void. */
export interface ConsentWithdrawn extends Envelope {
  type: "consent_withdrawn";
  seat: string;
}

/** An operator said that everybody whom a room microphone hears has consented. */
export interface RoomConfirmed extends Envelope {
  type: "room_confirmed";
}

/** A connection of a person opened. */
export interface Joined extends Envelope {
  type: "joined";
  connection: string;
  role: string;
  seat: string | null;
  name: string | null;
}

/** A connection closed or was lost. */
export interface Left extends Envelope {
  type: "left";
  connection: string;
  reason: string;
}

/** From now on nobody listens to `track`. */
export interface Muted extends Envelope {
  type: "muted";
  track: string;
}

/** `track` is listened to again. */
export interface Unmuted extends Envelope {
  type: "unmuted";
  track: string;
}

/**
 * Nothing is known of `track` between two session seconds, though it was not muted.
 *
 * `no_packets`: its connection lived; `reconnected`: it came back over a new one.
 */
export interface Gap extends Envelope {
  type: "gap";
  track: string;
  start: number;
  end: number;
  reason: "no_packets" | "reconnected";
}

/** An interviewer's note about a seat, anchored at session time `media_at`. */
export interface NoteAdded extends Envelope {
  type: "note_added";
  note: string;
  about: string;
  media_at: number;
  client_timestamp: number | string | null;
}

/** From now on, and backwards, words of `voice` belong to `seat` (None: to nobody known). */
export interface VoiceAssigned extends Envelope {
  type: "voice_assigned";
  voice: string;
  seat: string | null;
  reason: "own_microphone" | "person";
}

/** Words heard as one voice. `words`: (start, end, text, p), session seconds. */
export interface Segment {
  segment: string;
  voice: string | null;
  words: [number, number, string, number][];
  text_confidence: number;
  voice_confidence: number;
}

/** Speech between two endpoints of one track, understood for good. */
export interface UtteranceFinal extends Envelope {
  type: "utterance_final";
  utterance: string;
  track: string;
  start: number;
  end: number;
  segments: Segment[];
}

/** Sound that was taken for speech and yielded no words, and why. */
export interface UtteranceDropped extends Envelope {
  type: "utterance_dropped";
  utterance: string;
  track: string;
  start: number;
  end: number;
  reason: string;
}

/**
 * A chunk that carried a command id was understood; its repeat gets the same utterances.
 *
 * `is_whole`: false when some of its speech could not be transcribed.
 */
export interface AudioTaken extends Envelope {
  type: "audio_taken";
  track: string;
  utterances: string[];
  is_whole: boolean;
}

/** Characters `start` to `end` (`from`/`to` in JSON) of a segment's text. */
export interface Evidence {
  segment: string;
  from: number;
  to: number;
}

/** What the evidence supports for one criterion; None: not enough, or not judged. */
export interface Level {
  criterion: string;
  level: number | null;
  evidence: Evidence[];
}

/** What one applicant has shown up to `through_seq`: references, never copied words. */
export interface Evaluation extends Envelope {
  type: "evaluation";
  applicant: string;
  tick: number;
  evaluator: string;
  criteria: string;
  through_seq: number;
  levels: Level[];
}

/** The interview is over; what follows belongs to review. */
export interface SessionClosed extends Envelope {
  type: "session_closed";
  reason: "abandoned" | "ended";
}

/** Bodies were blanked for good: of one seat's person, or (None) of the whole session. */
export interface Erased extends Envelope {
  type: "erased";
  seat: string | null;
  events: number[];
}

export type JournalEvent =
  | SessionCreated
  | ConsentGiven
  | ConsentWithdrawn
  | RoomConfirmed
  | Joined
  | Left
  | Muted
  | Unmuted
  | Gap
  | NoteAdded
  | VoiceAssigned
  | UtteranceFinal
  | UtteranceDropped
  | AudioTaken
  | Evaluation
  | SessionClosed
  | Erased;

/** An event whose body was erased. */
export interface Blank extends Envelope {
  type: JournalEvent["type"];
  erased: true;
}

export type ServerMessage =
  | Answer
  | Signal
  | JournalEvent;
