/** The state: what the page makes of what the server says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { initial, isForgotten, receive, reconnected } from "../../static/js/state.js";
import { withoutStale } from "../../static/js/state/speech.js";
import * as looks from "../../static/js/state/looks.js";
import { speaking } from "../../static/js/state/levels.js";
import { event, final, JOIN, story } from "./messages.js";

test("an interim is shown until its final replaces it", () => {
  const interim = { type: "interim", track: "지원자_1", speaker: "지원자_1", start: 2 };
  const heard = story([{ ...interim, committed: "저는", tentative: "개발" }]);
  assert.equal(heard.interims["지원자_1"]?.committed, "저는");
  const after = story([final("u1", 2, 4, "저는 개발자입니다")], heard);
  assert.deepEqual(after.interims, {});
  assert.equal(after.lines.length, 1);
});

test("an interim that comes after its final is ignored", () => {
  const late = { type: "interim", track: "지원자_1", speaker: "지원자_1", start: 2 };
  const state = story([final("u1", 2, 4, "끝"), { ...late, committed: "끝", tentative: "" }]);
  assert.deepEqual(state.interims, {});
});

test("the interim of the next utterance survives the final of the one before", () => {
  const next = { type: "interim", track: "지원자_1", speaker: "지원자_1", start: 5 };
  const state = story([{ ...next, committed: "그", tentative: "리고" }, final("u1", 2, 4, "끝")]);
  assert.equal(state.interims["지원자_1"]?.committed, "그");
});

test("an interim without words ends what was being said", () => {
  const interim = { type: "interim", track: "t", speaker: null, start: 1 };
  const said = { ...interim, committed: "음", tentative: "" };
  const state = story([said, { ...interim, committed: "", tentative: "" }]);
  assert.deepEqual(state.interims, {});
});

test("an interim that was overtaken on its way is ignored", () => {
  const interim = { type: "interim", track: "지원자_1", speaker: "지원자_1", start: 2 };
  const newer = { ...interim, committed: "저는 개발을", tentative: "공부" };
  const state = story([newer, { ...interim, start: 2.1, committed: "저는", tentative: "개" }]);
  assert.equal(state.interims["지원자_1"]?.committed, "저는 개발을");
});

test("words whose end was lost do not stay for ever", () => {
  const said = { type: "interim", track: "지원자_1", speaker: "지원자_1", start: 2 };
  const state = story([{ ...said, committed: "저는", tentative: "" }]);
  assert.equal(withoutStale(state, 10), state);
  assert.deepEqual(withoutStale(state, 60).interims, {});
});

test("captions stand in the order in which people began to speak", () => {
  const state = story([final("u1", 5, 6, "둘"), final("u2", 1, 9, "하나"), final("u3", 7, 8, "셋")]);
  assert.deepEqual(state.lines.map((line) => line.start), [1, 5, 7]);
});

test("who speaks is folded from the voice, also when it is named later", () => {
  const before = story([final("u1", 1, 2, "안녕하세요", "v1")]);
  const line = before.lines[0];
  assert.ok(line);
  assert.equal(looks.seatOfLine(before, line), null);
  const named = event("voice_assigned", { voice: "v1", seat: "지원자_1", reason: "person" });
  const after = story([named], before);
  assert.equal(looks.seatOfLine(after, line), "지원자_1");
  assert.equal(after.lines, before.lines);
});

test("an event that was seen before changes nothing", () => {
  const note = event("note_added", { note: "좋다", about: "지원자_1", media_at: 3 });
  const once = story([note]);
  assert.equal(receive(once, note, 9), once);
});

test("a type of a newer server is passed over", () => {
  const state = story([event("moon_landing", { crew: 3 }), { type: "weather", sky: "blue" }]);
  assert.deepEqual(state.lines, []);
  assert.equal(state.seq > 0, true);
});

test("an erased body is passed over, but its number counts", () => {
  const blank = { ...event("utterance_final", {}), erased: true };
  const state = story([blank]);
  assert.equal(state.seq, blank.seq);
  assert.deepEqual(state.lines, []);
});

test("a cough gets no line, words that were lost do", () => {
  const dropped = (/** @type {string} */ utterance, /** @type {string} */ reason) =>
    event("utterance_dropped", { utterance, track: "지원자_1", start: 1, end: 2, reason });
  const state = story([dropped("u1", "empty"), dropped("u2", "uncertain")]);
  assert.deepEqual(state.lines.map((line) => line.key), ["u2"]);
});

test("a gap stands among the captions", () => {
  const words = [final("u1", 1, 2, "앞"), final("u2", 10, 11, "뒤")];
  const gap = event("gap", { track: "지원자_1", start: 3, end: 9, reason: "no_packets" });
  const state = story([...words, gap]);
  assert.deepEqual(state.lines.map((line) => line.kind), ["caption", "gap", "caption"]);
});

test("withdrawing consent voids the confirmation of the room", () => {
  const given = event("consent_given", { seat: "지원자_1" });
  const before = story([given, event("room_confirmed", {})]);
  assert.equal(before.isRoomConfirmed, true);
  const after = story([event("consent_withdrawn", { seat: "지원자_1" })], before);
  assert.deepEqual([after.isRoomConfirmed, after.consents], [false, {}]);
});

test("a server that knows less than the page has forgotten, others have not", () => {
  const here = story([event("note_added", { note: "메모", about: "지원자_1", media_at: 0 })]);
  const caughtUp = (/** @type {number} */ seq) =>
    isForgotten(here, /** @type {any} */ ({ type: "caught_up", seq }));
  assert.deepEqual([here.seq - 1, here.seq, here.seq + 1].map(caughtUp), [true, false, false]);
  assert.equal(isForgotten(here, /** @type {any} */ ({ type: "done" })), false);
});

test("a person is absent, waits for sound, is heard, and lost when nothing more is told", () => {
  const place = (/** @type {any} */ state, /** @type {number} */ now_s) =>
    looks.places(state, now_s).find(({ seat }) => seat === "지원자_1")?.sound;
  const empty = story([]);
  assert.equal(place(empty, 0), "absent");
  const joined = { connection: "c1", role: "applicant", seat: "지원자_1", name: null };
  const here = story([event("joined", joined), { type: "caught_up", seq: 0 }], empty);
  assert.equal(place(here, 0), "waiting");
  const signal = { type: "microphone", track: "지원자_1", speaker: "지원자_1", state: "open" };
  const open = receive(here, /** @type {any} */ (signal), 100);
  assert.equal(place(open, 103), "open");
  assert.equal(place(open, 104), "open");
  assert.equal(place(open, 105), "checking", "news of 5 s ago are no news");
  assert.equal(place(open, 120), "none");
  const muted = story([event("muted", { track: "지원자_1" })], open);
  assert.equal(place(muted, 103), "muted");
});

/** @param {any} state @param {number} [now_s] */
const applicant = (state, now_s = 0) =>
  looks.places(state, now_s).find(({ seat }) => seat === "지원자_1");
const HERE = { connection: "c1", role: "applicant", seat: "지원자_1", name: null };
const CAUGHT_UP = { type: "caught_up", seq: 0 };

test("whoever stays without a microphone waits for none", () => {
  const here = story([event("joined", HERE, { at: 0 }), CAUGHT_UP]);
  assert.equal(applicant(here, 7)?.sound, "waiting");
  assert.equal(applicant(here, 9)?.sound, "none");
  const late = receive(story([event("joined", HERE)]), /** @type {any} */ (CAUGHT_UP), 100);
  assert.equal(applicant(late, 105)?.sound, "waiting", "its signals may not have come yet");
  assert.equal(applicant(late, 109)?.sound, "none");
});

test("somebody who was here has left, somebody who never was is not here yet", () => {
  const gone = story([event("joined", HERE), event("left", { connection: "c1", reason: "closed" })]);
  assert.equal(applicant(gone)?.sound, "left");
  assert.equal(applicant(story([]))?.sound, "absent");
});

test("a consent taken back is not one that is missing, and stands among the captions", () => {
  const seat = { seat: "지원자_1" };
  const before = story([event("consent_given", seat), final("u1", 1, 2, "앞"), final("u2", 10, 11, "뒤")]);
  assert.equal(applicant(before)?.consent, "given");
  const after = story([event("consent_withdrawn", seat, { at: 5 })], before);
  assert.equal(applicant(after)?.consent, "withdrawn");
  assert.deepEqual(after.lines.map((line) => line.kind), ["caption", "withdrawn", "caption"]);
  const again = story([event("consent_given", seat)], after);
  assert.equal(applicant(again)?.consent, "given");
  assert.equal(applicant(story([]))?.consent, "missing");
});

test("a room's seat is heard only once the operator has confirmed and the microphone is open", () => {
  const seats = [{ seat: "지원자_1", name: null, microphone: "room" }];
  const empty = initial(/** @type {any} */ ({ ...JOIN, seats }), 0);
  const open = { type: "microphone", track: "m1", speaker: null, state: "open" };
  const here = story([event("joined", HERE), open], empty);
  assert.equal(applicant(here)?.sound, "unconfirmed");
  const confirmed = story([event("room_confirmed", {})], here);
  assert.equal(applicant(confirmed)?.sound, "room");
  assert.equal(applicant(confirmed, 10)?.sound, "roomless");
  const withdrawn = story([event("consent_withdrawn", { seat: "지원자_2" })], confirmed);
  assert.equal(applicant(withdrawn)?.sound, "unconfirmed");
});

test("a microphone that has gone leaves nothing behind", () => {
  const signal = { type: "microphone", track: "지원자_1", speaker: "지원자_1" };
  const state = story([{ ...signal, state: "open" }, { ...signal, state: "off" }]);
  assert.deepEqual(state.microphones, {});
});

test("somebody speaks until their microphone says so, or is muted, gone, or long silent", () => {
  const loud = { type: "level", track: "지원자_1", speaker: "지원자_1", level: -24 };
  const state = story([loud, { ...loud, track: "m1", speaker: null }]);
  assert.deepEqual(speaking(state, 1), new Set(["지원자_1", null]));
  assert.deepEqual(speaking(state, 2), new Set(), "the end was lost on its way");
  assert.deepEqual(speaking(story([{ ...loud, level: -127 }], state), 1), new Set([null]));
  assert.deepEqual(speaking(story([event("muted", { track: "지원자_1" })], state), 1), new Set([null]));
  const off = { type: "microphone", track: "지원자_1", speaker: "지원자_1", state: "off" };
  assert.deepEqual(speaking(story([off], state), 1), new Set([null]));
  assert.deepEqual(speaking(reconnected(state), 1), new Set());
  assert.deepEqual(speaking(story([event("session_closed", { reason: "ended" })], state), 1), new Set());
});

test("somebody with two connections is present until both have left", () => {
  const joined = { role: "applicant", seat: "지원자_1", name: null };
  const state = story([
    event("joined", { connection: "a", ...joined }),
    event("joined", { connection: "b", ...joined }),
    event("left", { connection: "a", reason: "closed" }),
  ]);
  assert.equal(looks.places(state, 0).find(({ seat }) => seat === "지원자_1")?.isPresent, true);
});

test("the newest evaluation of an applicant counts, with quotes from the record", () => {
  const evaluation = (/** @type {number} */ tick) =>
    event("evaluation", {
      applicant: "지원자_1",
      tick,
      levels: [{ criterion: "기술", level: null, evidence: [{ segment: "u1.1", from: 3, to: 7 }] }],
    });
  const state = story([final("u1", 1, 2, "학교 프로젝트를 했습니다"), evaluation(1), evaluation(2)]);
  const newest = state.evaluations["지원자_1"];
  assert.equal(newest?.tick, 2);
  const [quote] = looks.quotes(state, newest?.levels[0]?.evidence ?? []);
  assert.deepEqual([quote?.before, quote?.words], ["학교 ", "프로젝트"]);
});

test("the session clock follows the latest news and stands at the end", () => {
  const fresh = initial(/** @type {any} */ ({ ...JOIN, now: 60 }), 1000);
  assert.equal(looks.sessionTime(fresh, 1010), 70);
  const replayed = receive(fresh, event("audio_taken", {}, { at: 5 }), 1010);
  assert.equal(looks.sessionTime(replayed, 1010), 70);
  const ahead = receive(replayed, event("audio_taken", {}, { at: 75 }), 1010);
  assert.equal(looks.sessionTime(ahead, 1010), 75);
  const over = receive(ahead, event("session_closed", { reason: "ended" }, { at: 80 }), 1016);
  assert.deepEqual([over.life, looks.sessionTime(over, 2000)], ["review", 80]);
});

test("the lag is that of the worst microphone, and old news is none", () => {
  const lag = { type: "lag", final_s: 1.2, is_behind: false };
  const one = receive(story([]), /** @type {any} */ ({ ...lag, track: "a" }), 100);
  const two = receive(one, /** @type {any} */ ({ track: "b", type: "lag", final_s: 6, is_behind: true }), 101);
  assert.deepEqual(looks.lagNow(two, 102), { final_s: 6, isBehind: true });
  assert.equal(looks.lagNow(two, 500), null);
});

test("a new connection forgets what was passing and keeps what is written", () => {
  const interim = { type: "interim", track: "지원자_1", speaker: "지원자_1", start: 8 };
  const state = reconnected(
    story([final("u1", 1, 2, "말"), { ...interim, committed: "그", tentative: "" }]),
  );
  assert.deepEqual([state.interims, state.lines.length, state.isCaughtUp], [{}, 1, false]);
});

test("in a two-hour session a message copies only its own small part", () => {
  const many = Array.from({ length: 3000 }, (_, i) => final(`u${i}`, i * 2, i * 2 + 1, "말"));
  const state = story(many);
  const interim = { type: "interim", track: "지원자_1", speaker: "지원자_1", start: 9000 };
  const note = event("note_added", { note: "메모", about: "지원자_1", media_at: 3 });
  const after = story([{ ...interim, committed: "그", tentative: "" }, note], state);
  assert.equal(after.lines, state.lines);
  assert.equal(after.evaluations, state.evaluations);

  // The place of a new line is looked for from the end: two looks, not three thousand.
  let looked = 0;
  const counted = new Proxy(/** @type {any[]} */ (state.lines.slice()), {
    get(target, name, receiver) {
      if (name === "slice") return () => target.slice();
      if (typeof name === "string" && /^\d+$/.test(name)) looked += 1;
      return Reflect.get(target, name, receiver);
    },
  });
  const more = receive({ ...state, lines: counted }, final("new", 6001, 6002, "끝"), 0);
  assert.equal(more.lines.length, 3001);
  assert.ok(looked <= 2, `${looked} looks`);
});
