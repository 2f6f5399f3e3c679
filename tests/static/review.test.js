/** The review page: the record in order, and finding words in it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { isPartlyErased, kept, levelWord, newest, timeline } from "../../static/js/review/record.js";
import { speakers } from "../../static/js/review/said.js";
import { targetOf } from "../../static/js/review/target.js";
import { filename, pattern, pieces } from "../../static/js/review/words.js";

/** @typedef {import("../../static/js/review/record.js").Result} Result */

/** @param {Partial<Result>} [more] @returns {Result} */
const result = (more = {}) => ({
  session_id: "s",
  title: "",
  job: "",
  life: "review",
  revision: 1,
  start_time: "2026-01-01T00:00:00.000+00:00",
  duration: 60,
  consent: "required",
  transcripts: [],
  speaker_notes: {},
  evaluations: [],
  dropped_utterances: 0,
  erased_events: 0,
  ...more,
});

/** @param {string} segment @param {string} speaker @param {number} start */
const said = (segment, speaker, start) => ({
  segment,
  speaker,
  start,
  end: start + 1,
  text: "네",
  text_confidence: 0.9,
});

/** @param {string} text @param {string} query */
const found = (text, query) => {
  const sought = pattern(query);
  assert.ok(sought);
  return pieces(text, sought).flatMap((piece) => (piece.isFound ? [piece.text] : []));
};

test("notes stand where they were meant, after the words they are about", () => {
  const moments = timeline(
    result({
      transcripts: [said("a", "지원자_1", 4), said("b", "지원자_1", 9)],
      speaker_notes: { 지원자_1: [{ seq: 7, by: "면접관_1", note: "좋다", media_at: 4 }] },
      gaps: [{ track: "지원자_1", start: 6, end: 8, reason: "no_packets" }],
    }),
  );
  assert.deepEqual(
    moments.map((moment) => [moment.kind, moment.at]),
    [
      ["said", 4],
      ["note", 4],
      ["gap", 6],
      ["said", 9],
    ],
  );
});

test("words that came late are told from the others, and an older server tells of none", () => {
  const transcripts = [said("a", "지원자_1", 4), { ...said("b", "지원자_1", 9), is_late: true }];
  const moments = timeline(result({ transcripts }));
  assert.deepEqual(moments.map((one) => one.kind === "said" && one.isLate), [false, true]);
});

test("who agreed to being kept is told, and where they took it back", () => {
  const given = (/** @type {string} */ seat, keep_audio_days = 0) => ({ seat, at: 1, is_given: true, keep_audio_days });
  const withdrawn = { seat: "지원자_2", at: 1, is_given: false, keep_audio_days: 0 };
  const consents = [
    given("면접관_1", 30),
    given("지원자_1"),
    given("지원자_1", 30),
    given("지원자_1"),
    given("지원자_2", 30),
    withdrawn,
    given("지원자_2"),
  ];
  const told = timeline(result({ consents })).flatMap((one) => (one.kind === "consent" ? [one.to] : []));
  assert.deepEqual(told, [
    "agreedKeeping",
    "agreed",
    "agreedKeeping",
    "keepingEnded",
    "agreedKeeping",
    "withdrawn",
    "agreed",
  ]);
  assert.deepEqual(kept(result({ consents })), ["면접관_1"]);
  assert.deepEqual(kept(result({ consents: [{ seat: "지원자_1", at: 1, is_given: true }] })), []);
});

test("consent and speech that yielded no words stand at their moments", () => {
  const moments = timeline(
    result({
      transcripts: [said("a", "지원자_1", 4)],
      dropped: [{ track: "지원자_1", start: 6, end: 7, reason: "failed" }],
      consents: [
        { seat: "지원자_1", at: 1, is_given: true },
        { seat: "지원자_1", at: 9, is_given: false },
      ],
    }),
  );
  assert.deepEqual(
    moments.map((moment) => [moment.kind, moment.at]),
    [
      ["consent", 1],
      ["said", 4],
      ["lost", 6],
      ["consent", 9],
    ],
  );
});

test("no level beside mentions is not a lack of evidence", () => {
  assert.equal(levelWord(null, 3), "noLevel");
  assert.equal(levelWord(null, 0), "noEvidence");
  assert.equal(levelWord(2, 0), "level");
});

test("a turn begins where the speaker changes, notes between do not interrupt it", () => {
  const moments = timeline(
    result({
      transcripts: [
        said("a", "지원자_1", 1),
        said("b", "지원자_1", 3),
        said("c", "unknown", 5),
        said("d", "지원자_1", 7),
      ],
      speaker_notes: { 지원자_1: [{ seq: 7, by: "operator", note: "좋다", media_at: 2 }] },
    }),
  );
  const turns = moments.flatMap((moment) => (moment.kind === "said" ? [moment.isTurn] : []));
  assert.deepEqual(turns, [true, false, true, true]);
});

test("records of servers that knew no gaps are shown", () => {
  assert.deepEqual(timeline(result()), []);
});

test("speakers come in the order of their seats, unknown voices last", () => {
  const transcripts = ["unknown", "지원자_1", "면접관_2", "지원자_1", "면접관_1"].map(
    (speaker, at) => said(`s${at}`, speaker, at),
  );
  const told = speakers(result({ transcripts })).map(({ key, seat, count }) => [key, seat, count]);
  assert.deepEqual(told, [
    ["면접관_1", "면접관_1", 1],
    ["면접관_2", "면접관_2", 1],
    ["지원자_1", "지원자_1", 2],
    ["unknown", null, 1],
  ]);
});

/** A room: two known voices of which one never spoke, two unknown ones, and an own microphone. */
const voices = [
  { voice: "v3", seat: null, letter: "A", is_own: false },
  { voice: "v1", seat: "지원자_1", letter: "", is_own: false },
  { voice: "v4", seat: null, letter: "B", is_own: false },
  { voice: "v9", seat: "면접관_1", letter: "", is_own: true },
  { voice: "v2", seat: "지원자_2", letter: "", is_own: false },
];
const spoken = [
  { ...said("a", "unknown", 1), voice: "v3", voice_confidence: 0.4 },
  { ...said("b", "unknown", 2), voice: "v4", voice_confidence: 0.4 },
  { ...said("c", "지원자_1", 3), voice: "v1", voice_confidence: 0.7 },
  { ...said("d", "지원자_1", 4), voice: "v1", voice_confidence: 0.97 },
  { ...said("e", "unknown", 5), voice: null, voice_confidence: 0 },
  { ...said("f", "면접관_1", 6), voice: "v9", voice_confidence: 1, text: "네 그렇습니다" },
];

test("unknown voices are told apart by the letters that they have everywhere", () => {
  const told = speakers(result({ transcripts: spoken, voices })).map(({ key, letter }) => [key, letter]);
  assert.deepEqual(told, [
    ["면접관_1", ""],
    ["지원자_1", ""],
    ["unknown A", "A"],
    ["unknown B", "B"],
    ["unknown", ""],
  ]);
});

test("a name that is a guess begins a turn of its own, and what a person said is no guess", () => {
  const moved = { ...said("g", "지원자_1", 9), voice: "v1", voice_confidence: 0.2, is_moved: true };
  const lines = timeline(result({ transcripts: [...spoken, moved], voices })).flatMap((one) =>
    one.kind === "said" ? [one] : [],
  );
  assert.deepEqual(
    lines.map(({ sureness, isTurn }) => [sureness, isTurn]),
    [
      ["unknown", true],
      ["unknown", true],
      ["likely", true],
      ["sure", true],
      ["unknown", true],
      ["sure", true],
      ["sure", true],
    ],
  );
  assert.equal(lines.at(-1)?.isMoved, true);
});

test("what was heard is kept beside what a person wrote", () => {
  const edited = { ...said("a", "지원자_1", 1), is_edited: true, heard: "내" };
  const moments = timeline(result({ transcripts: [edited, said("b", "지원자_1", 2)] }));
  assert.deepEqual(moments.map((one) => one.kind === "said" && one.heard), ["내", null]);
});

test("a neighbour's speech is one line for each stretch of a microphone", () => {
  const suppressed = [
    { track: "지원자_1", start: 1, end: 3 },
    { track: "지원자_2", start: 2, end: 4 },
    { track: "지원자_1", start: 8, end: 9 },
    { track: "지원자_1", start: 40, end: 41 },
  ];
  assert.deepEqual(
    timeline(result({ suppressed })).map((one) => one.kind === "suppressed" && [one.track, one.at, one.end]),
    [
      ["지원자_1", 1, 9],
      ["지원자_2", 2, 4],
      ["지원자_1", 40, 41],
    ],
  );
});

test("an unknown voice may be anybody but an own microphone, those learnt without a word included", () => {
  const target = targetOf(result({ transcripts: spoken, voices }), "a");
  assert.deepEqual(target?.others.map(({ voice }) => voice), ["v1", "v4", "v2"]);
  assert.deepEqual([target?.voice, target?.seat, target?.letter, target?.count], ["v3", null, "A", 1]);
});

test("the menu of a line knows its words, its voice's lines, and whose own microphone it is", () => {
  const record = result({ transcripts: spoken, voices });
  const own = targetOf(record, "f");
  assert.deepEqual([own?.isOwn, own?.line?.words, own?.line?.isEdited], [true, ["네", "그렇습니다"], false]);
  assert.equal(targetOf(record, "c")?.count, 2);
  assert.deepEqual([targetOf(record, "e")?.voice, targetOf(record, "e")?.count], [null, 0]);
  assert.equal(targetOf(record, "gone"), null);
});

test("the newest evaluation of each applicant counts, without its score", () => {
  const evaluations = [
    { timestamp: 1, speaker: "지원자_2", score: 90, keywords: ["기술: 9개"], levels: { 기술: null } },
    { timestamp: 2, speaker: "지원자_1", score: 10, keywords: [], levels: { 기술: 3 } },
    { timestamp: 3, speaker: "지원자_2", score: 20, keywords: ["기술: 2개"], levels: { 기술: null } },
  ];
  assert.deepEqual(newest(result({ evaluations })), [
    { applicant: "지원자_1", wall: 2, levels: [["기술", 3]], mentions: [] },
    { applicant: "지원자_2", wall: 3, levels: [["기술", null]], mentions: [["기술", "2"]] },
  ]);
});

test("one person's erasure is told, a whole record's is another matter", () => {
  assert.ok(isPartlyErased(result({ erased_events: 3 })));
  assert.ok(!isPartlyErased(result({ erased_events: 3, life: "erased" })));
  assert.ok(!isPartlyErased(result()));
});

test("every place of the words is found, whatever their case", () => {
  assert.deepEqual(found("API를 api로 부릅니다", "Api"), ["API", "api"]);
});

test("words are found across any space, and as typed on a Mac", () => {
  assert.deepEqual(found("개발  경험이 있습니다", " 개발 경험 "), ["개발  경험"]);
  assert.deepEqual(found("경험", "경험".normalize("NFD")), ["경험"]);
});

test("signs of patterns are only signs", () => {
  assert.deepEqual(found("C++와 (주)회사", "c++"), ["C++"]);
  assert.deepEqual(found("C++와 (주)회사", "(주)"), ["(주)"]);
  assert.deepEqual(found("2024-05-01 a/b", "05-01 a/b"), ["05-01 a/b"]);
});

test("pieces put together are the text", () => {
  const text = "그 경험으로 경험을 쌓아 경험";
  const sought = pattern("경험");
  assert.ok(sought);
  assert.equal(
    pieces(text, sought)
      .map((piece) => piece.text)
      .join(""),
    text,
  );
});

test("nothing is looked for before something is typed", () => {
  assert.equal(pattern("  "), null);
});

test("the file is called as the server says", () => {
  assert.equal(filename('attachment; filename="daedam-s.txt"', "x"), "daedam-s.txt");
  const both = `attachment; filename="daedam-__.srt"; filename*=UTF-8''daedam-%EB%A9%B4%EC%A0%91.srt`;
  assert.equal(filename(both, "x"), "daedam-면접.srt");
  assert.equal(filename("attachment; filename=plain.vtt", "x"), "plain.vtt");
});

test("a file's name never leads elsewhere, and without one there is ours", () => {
  assert.equal(filename('attachment; filename="../../etc/passwd"', "x"), "passwd");
  assert.equal(filename("attachment", "daedam.json"), "daedam.json");
  assert.equal(filename(null, "daedam.json"), "daedam.json");
  assert.equal(filename("attachment; filename*=UTF-8''%E0%A4; filename=a.txt", "x"), "a.txt");
});
