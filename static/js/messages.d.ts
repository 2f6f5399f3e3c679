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

/**
 * The person of this connection's seat agrees to recording and software evaluation.
 *
 * `keep_audio_days`: and to their voice being kept for so long after the interview, as `join`
 * offered it; 0: not at all, or (said again) no more.
 */
export interface Consent {
  type: "consent";
  keep_audio_days?: number;
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

/** Everything that `voice` said, and will say, belongs to `seat` (None: to nobody known). */
export interface NameVoice {
  type: "name_voice";
  voice: string;
  seat: string | null;
  id?: string | null;
}

/** Two voices were taken for each other: each gets the other's seat. */
export interface SwapVoices {
  type: "swap_voices";
  voice: string;
  other: string;
  id?: string | null;
}

/** `voice` and `into` are one person; the words of both are `into`'s. */
export interface MergeVoices {
  type: "merge_voices";
  voice: string;
  into: string;
  id?: string | null;
}

/** One line alone belongs to `seat` (None: to nobody known). */
export interface MoveSegment {
  type: "move_segment";
  segment: string;
  seat: string | null;
  id?: string | null;
}

/** Cut one line in two before word `word`, counted from 0; both stay with the same voice. */
export interface SplitSegment {
  type: "split_segment";
  segment: string;
  word: number;
  id?: string | null;
}

/** What was said in one line is `text`. */
export interface EditSegment {
  type: "edit_segment";
  segment: string;
  text: string;
  id?: string | null;
}

/** The own note that is event `of` says `note`. */
export interface EditNote {
  type: "edit_note";
  of: number;
  note: string;
  id?: string | null;
}

/** Undo: events `of` never were. Corrections of anybody, notes of one's own. */
export interface Retract {
  type: "retract";
  of: number[];
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
  | NameVoice
  | SwapVoices
  | MergeVoices
  | MoveSegment
  | SplitSegment
  | EditSegment
  | EditNote
  | Retract
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

/** The notes about one seat. */
export interface SpeakerStats {
  total_notes: number;
  last_note: string;
  last_note_timestamp: number | string;
}

/** What one speaker has said so far. */
export interface SpeechStats {
  segments: number;
  speech_s: number;
}

/**
 * One evaluation of one applicant.
 *
 * `score` is the legacy one, 0 where there is nothing to score. `levels`: criterion → what
 * the evidence supports, null where it is not enough. `through_seq`: the last event it knew.
 */
export interface Judgement {
  timestamp: number;
  speaker: string;
  score: number;
  feedback: string[];
  keywords: string[];
  levels: Record<string, number | null>;
  evaluator: string;
  criteria: string;
  through_seq: number;
  tick: number;
}

/** Counts and averages of the session so far; `applicants`: the newest evaluation of each. */
export interface Summary {
  session_id: string;
  duration: number;
  total_transcripts: number;
  total_evaluations: number;
  speaker_stats: Record<string, SpeakerStats>;
  average_score: number;
  speech_stats: Record<string, SpeechStats>;
  applicants: Record<string, Judgement>;
  life: "live" | "ending" | "review" | "erased";
  revision: number;
  seq: number;
}

/** Counts and averages of the session so far. */
export interface EvaluationSummary {
  type: "evaluation_summary";
  summary: Summary;
  reply_to?: string;
  seq?: number;
}

/**
 * Words of one speaker, `unknown` where nobody knows whose; `timestamp`: their start.
 *
 * `voice`: whose voice it was, null where none is known. Only where it is so: `is_late`, some
 * of them were lost on their way first, and sent again; `is_moved`, a person has said whose they
 * are; `is_edited`, what was said, with `heard`, what was understood before.
 */
export interface Transcript {
  timestamp: number;
  speaker: string;
  text: string;
  segment: string;
  start: number;
  end: number;
  text_confidence: number;
  voice_confidence: number;
  voice: string | null;
  is_late?: boolean;
  is_moved?: boolean;
  is_edited?: boolean;
  heard?: string;
}

/** The words of one chunk. */
export interface Transcription {
  text: string;
  success: boolean;
  segments: Transcript[];
}

/** Who spoke, `unknown` from a room microphone. */
export interface Diarization {
  current_speaker: string;
  voice_confidence: number;
}

/** The score of one chunk by itself; empty for a role that may not see it. */
export interface ChunkEvaluation {
  speaker?: string;
  text?: string;
  timestamp?: number | string;
  score?: number;
  feedback?: string[];
  keywords?: string[];
}

/**
 * What was heard in the utterances that ended with a chunk.
 *
 * `error` (a sentence) and `code` are there when `success` is false.
 */
export interface ChunkResult {
  timestamp: number | string;
  transcription: Transcription;
  diarization: Diarization;
  evaluation: ChunkEvaluation;
  success: boolean;
  error?: string;
  code?: string;
}

/** What was heard in the utterances that ended with this chunk. */
export interface AudioProcessed {
  type: "audio_processed";
  result: ChunkResult;
  reply_to?: string;
  seq?: number;
}

/**
 * A note; `timestamp` is the client's if it sent one.
 *
 * `is_edited`, only where it is so: its author has said it differently since.
 */
export interface RecordedNote {
  timestamp: number | string;
  note: string;
  by: string;
  media_at: number;
  seq: number;
  is_edited?: boolean;
}

/** A stretch of a track of which there are no words, and why. */
export interface Lost {
  track: string;
  start: number;
  end: number;
  reason: string;
}

/** A stretch of an own microphone that was somebody else's speech: not understood there. */
export interface RecordedSuppression {
  track: string;
  start: number;
  end: number;
}

/**
 * A voice that was heard or learnt, and whose it is; merged ones count as one.
 *
 * `letter`: what it is called without a seat, empty where it always had one. `is_own`: of the
 * seat's own microphone.
 */
export interface RecordedVoice {
  voice: string;
  seat: string | null;
  letter: string;
  is_own: boolean;
}

/** How the whole interview was heard once more, up to which session second. */
export interface Checked {
  method: string;
  through: number;
  changed: number;
}

/**
 * That the person in a seat agreed, or agreed no more.
 *
 * `keep_audio_days`: also to their voice being kept for so long after the interview.
 */
export interface RecordedConsent {
  seat: string;
  at: number;
  is_given: boolean;
  keep_audio_days: number;
}

/**
 * Everything a session leaves behind; `revision` grows when it changes after the end.
 *
 * `voices`: in the order in which they were first heard.
 * `speaker_notes`: by the seat they are about; `gaps`: where a microphone was not heard;
 * `dropped`: where speech yielded no words; `suppressed`: where a microphone heard somebody
 * else. `checked`: null before the whole was heard once more. `consent` is null once the
 * session is erased.
 */
export interface SessionRecord {
  session_id: string;
  start_time: string;
  end_time: string | null;
  duration: number;
  transcripts: Transcript[];
  evaluations: Judgement[];
  speaker_notes: Record<string, RecordedNote[]>;
  gaps: Lost[];
  dropped: Lost[];
  suppressed: RecordedSuppression[];
  voices: RecordedVoice[];
  checked: Checked | null;
  consents: RecordedConsent[];
  total_transcripts: number;
  total_evaluations: number;
  average_score: number;
  consent: "external" | "required" | null;
  title: string;
  job: string;
  life: "live" | "ending" | "review" | "erased";
  revision: number;
  dropped_utterances: number;
  unknown_events: number;
  erased_events: number;
}

/** The whole record, or (over a data channel) where it can be read. */
export interface SessionEnded {
  type: "session_ended";
  final_result?: SessionRecord;
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
  code: "bad_json" | "bad_message" | "unknown_type" | "bad_id" | "bad_session" | "bad_request" | "bad_offer" | "not_found" | "too_large" | "unknown_seat" | "unknown_session" | "session_exists" | "session_over" | "session_live" | "link_invalid" | "link_required" | "forbidden" | "other_session" | "foreign_origin" | "foreign_host" | "consent_required" | "seat_taken" | "replaced" | "slow_consumer" | "already_subscribed" | "not_awaited" | "unknown_voice" | "unknown_segment" | "not_yours" | "voice_too_short" | "voice_clipped" | "voice_noisy" | "voice_shared" | "voices_off" | "overloaded" | "journal_unavailable" | "storage_full" | "store_unavailable" | "shutting_down" | "internal";
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
 * Who seems to speak into a room microphone now; the record may come to another result.
 *
 * `voice`: None: nobody known. `start`: session second since when. `confidence`: 0 to 1.
 */
export interface ProvisionalSpeaker {
  type: "provisional_speaker";
  voice: string | null;
  start: number;
  confidence: number;
  track: string;
}

/**
 * Whether voices of a room microphone are told apart; repeated, as `microphone`.
 *
 * `off`: they are not, and everybody is unknown until somebody says who it was: the models are
 * missing (`missing`), damaged or broken (`failed`), or it was switched off (`disabled`).
 * `behind`: labels come late, the machine does not keep up.
 */
export interface Speakers {
  type: "speakers";
  state: "behind" | "off" | "on";
  track: string;
  reason: "" | "disabled" | "failed" | "missing";
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

/**
 * Somebody speaks into a track's microphone; -127, once: nobody does any more.
 *
 * `level`: the loudest of late in dBov, 0 to -127 (RFC 6464).
 */
export interface Loudness {
  type: "level";
  speaker: string | null;
  level: number;
  track: string;
}

/**
 * How the person of the seat `track` is connected; repeated while it is not `here`.
 *
 * `suspect`: nothing has come from them for some seconds; `held`: their connection is gone and
 * their seat is kept for `left_s` seconds more; `gone`, once: it is free.
 */
export interface Presence {
  type: "presence";
  state: "gone" | "held" | "here" | "suspect";
  track: string;
  left_s: number;
}

/**
 * To one microphone's page alone: what was lost of its track, and is awaited anew.
 *
 * `start`, `end`: session seconds. `now`: the session's second at sending, by which a page
 * knows which of the sound it kept that is.
 */
export interface Missed {
  type: "missed";
  start: number;
  end: number;
  now: number;
  track: string;
}

export type Signal =
  | Interim
  | ProvisionalSpeaker
  | Speakers
  | Lag
  | Microphone
  | Loudness
  | Presence
  | Missed;

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
 * `hear_each_other`: whether people are sent the others' voices; not if they sit together.
 */
export interface SessionConfig {
  seats: SeatConfig[];
  title: string;
  job: string;
  consent: "external" | "required";
  hear_each_other: boolean;
}

/** The session begins; session time 0. */
export interface SessionCreated extends Envelope {
  type: "session_created";
  config: SessionConfig;
}

/**
 * The person in `seat` agreed to recording and software evaluation.
 *
 * `keep_audio_days`: and to their voice being kept for so long after the interview, as they
 * were told then; 0: not at all. `person`: a pseudonym of their link, so that nobody else who
 * sits there later is taken for them; None: unknown, as it was in earlier releases.
 */
export interface ConsentGiven extends Envelope {
  type: "consent_given";
  seat: string;
  keep_audio_days: number;
  person: string | null;
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

/**
 * A connection was `closed`, or `lost`: nobody said goodbye.
 *
 * `heard_until`: the session second until which the own microphone that it carried was heard.
 */
export interface Left extends Envelope {
  type: "left";
  connection: string;
  reason: string;
  heard_until: number | null;
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

/**
 * From now on, and backwards, words of `voice` belong to `seat` (None: to nobody known).
 *
 * `heard`: a voice nobody has named yet; `enrolment`: its person has let it be learnt.
 */
export interface VoiceAssigned extends Envelope {
  type: "voice_assigned";
  voice: string;
  seat: string | null;
  reason: "enrolment" | "heard" | "own_microphone" | "person";
}

/** What was learnt of the voice of the person in `seat` is gone; they wanted it so. */
export interface VoiceForgotten extends Envelope {
  type: "voice_forgotten";
  seat: string;
}

/**
 * One voice from `start` to `end`, session seconds; None: nobody known.
 *
 * `confidence`: that it is this voice, 0 to 1.
 */
export interface VoiceSpan {
  voice: string | null;
  start: number;
  end: number;
  confidence: number;
}

/**
 * Who spoke into `track` between two session seconds, overlaps included.
 *
 * It replaces what was said of that stretch before.
 */
export interface Speech extends Envelope {
  type: "speech";
  track: string;
  start: number;
  end: number;
  spans: VoiceSpan[];
}

/** `segment` is of `voice` (None: of nobody known); a person's word is never overruled. */
export interface SegmentVoiced extends Envelope {
  type: "segment_voiced";
  segment: string;
  voice: string | null;
  confidence: number | null;
}

/** One part of a segment that was split: its own name, and how many words it has. */
export interface SegmentPart {
  segment: string;
  words: number;
  voice: string | null;
  confidence: number | null;
}

/** `segment` is `parts` from now on, which have all its words in their order. */
export interface SegmentSplit extends Envelope {
  type: "segment_split";
  segment: string;
  parts: SegmentPart[];
}

/**
 * `voice` was `into` all along.
 *
 * A version 1, which was never released, had another body; journals that hold it keep it unread.
 */
export interface VoicesMerged extends Envelope {
  type: "voices_merged";
  voice: string;
  into: string;
}

/** What was said in `segment` is `text`, a person says. */
export interface SegmentEdited extends Envelope {
  type: "segment_edited";
  segment: string;
  text: string;
}

/** The note that is event `of` says `note` from now on. */
export interface NoteEdited extends Envelope {
  type: "note_edited";
  of: number;
  note: string;
}

/** The record is as if event `of` never was; a retraction can be retracted, too. */
export interface Retracted extends Envelope {
  type: "retracted";
  of: number;
}

/**
 * The whole interview was heard once more; `changed` segments got another voice.
 *
 * `method`: what heard it. `through`: session second up to which it got with every room
 * microphone; 0 where one could not be heard at all.
 */
export interface SpeakersChecked extends Envelope {
  type: "speakers_checked";
  method: string;
  through: number;
  changed: number;
}

/** Words heard as one voice. `words`: (start, end, text, p), session seconds. */
export interface Segment {
  segment: string;
  voice: string | null;
  words: [number, number, string, number][];
  text_confidence: number;
  voice_confidence: number;
}

/**
 * Speech between two endpoints of one track, understood for good.
 *
 * `is_late`: some of it was lost on its way first, and sent again by its microphone's page.
 * `suppressed`: stretches that were somebody else's speech, which this microphone heard from
 * afar: not understood here.
 */
export interface UtteranceFinal extends Envelope {
  type: "utterance_final";
  utterance: string;
  track: string;
  start: number;
  end: number;
  segments: Segment[];
  is_late: boolean;
  suppressed: [number, number][];
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
  | VoiceForgotten
  | Speech
  | SegmentVoiced
  | SegmentSplit
  | VoicesMerged
  | SegmentEdited
  | NoteEdited
  | Retracted
  | SpeakersChecked
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
