/** Who spoke, as the page folds it: line by line what the server makes of the same journal. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { speakerNow, together, untold } from "../../static/js/state/hearing.js";
import { speakerOfLine } from "../../static/js/state/speakers.js";
import { targetOfLine } from "../../static/js/speakers/target.js";
import { receive } from "../../static/js/state.js";
import { event, final, story } from "./messages.js";

/** @typedef {import("../../static/js/state.js").State} State */

const GOLDEN = new URL("../server/golden/", import.meta.url);
const NAMES = readdirSync(GOLDEN)
  .filter((name) => name.endsWith(".lines.json"))
  .map((name) => name.replace(".lines.json", ""));

/** @param {string} name */
const read = (name) => readFileSync(new URL(name, GOLDEN), "utf8");

/** @param {State} state */
const linesOf = (state) =>
  state.lines.flatMap((line) => {
    if (line.kind !== "caption") return [];
    const { seat, voice } = speakerOfLine(state, line);
    return [{ segment: line.key, seat, voice, text: line.text, start: line.start }];
  });

test("there are journals to compare with", () => assert.ok(NAMES.length >= 3, NAMES.join()));

for (const name of NAMES) {
  test(`the page reads ${name} as the server does`, () => {
    const messages = read(`${name}.jsonl`).trim().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(linesOf(story(messages)), JSON.parse(read(`${name}.lines.json`)));
  });
}

const HEARD = event("voice_assigned", { voice: "a", seat: "지원자_1", reason: "enrolment" });

/** @param {State} state @returns {any} */
const first = (state) => state.lines[0];

test("a line that is split, and made whole again, keeps its place", () => {
  const words = [final("u1", 1, 2, "앞", "a"), final("u2", 5, 6, "뒤", "a")];
  const two = { ...words[0], segments: [{ ...words[0].segments[0], words: [[1, 1.4, "하나", 1], [1.5, 2, "둘", 1]] }] };
  const before = story([HEARD, two, words[1]]);
  const parts = ["u1.1.x", "u1.1.y"].map((segment) => ({ segment, words: 1, voice: "a", confidence: null }));
  const cut = event("segment_split", { segment: "u1.1", parts }, { by: "면접관_1" });
  const after = story([cut], before);
  assert.deepEqual(linesOf(after).map(({ segment }) => segment), ["u1.1.x", "u1.1.y", "u2.1"]);
  const whole = story([event("retracted", { of: cut.seq }, { by: "면접관_1" })], after);
  assert.deepEqual(linesOf(whole), linesOf(before));
});

test("voices without a name get letters, and keep them when one is named", () => {
  const heard = ["b", "c"].map((voice) => event("voice_assigned", { voice, seat: null, reason: "heard" }));
  const state = story([...heard, final("u1", 1, 2, "말", "b"), final("u2", 3, 4, "말", "c")]);
  const letters = (/** @type {State} */ one) =>
    one.lines.map((line) => line.kind === "caption" && speakerOfLine(one, line).letter);
  assert.deepEqual(letters(state), ["A", "B"]);
  const named = event("voice_assigned", { voice: "b", seat: "지원자_1", reason: "person" }, { by: "면접관_1" });
  assert.deepEqual(letters(story([named], state)), ["", "B"]);
});

test("a note is edited, taken back, and comes back", () => {
  const note = event("note_added", { note: "차분", about: "지원자_1", media_at: 3 }, { by: "면접관_1" });
  const edited = story([note, event("note_edited", { of: note.seq, note: "차분함" }, { by: "면접관_1" })]);
  assert.deepEqual(edited.notes.map(({ note: text, isEdited }) => [text, isEdited]), [["차분함", true]]);
  const gone = event("retracted", { of: note.seq }, { by: "면접관_1" });
  const without = story([gone], edited);
  assert.deepEqual(without.notes, []);
  const back = story([event("retracted", { of: gone.seq }, { by: "면접관_1" })], without);
  assert.equal(back.notes[0]?.note, "차분함");
});

test("whose voice was learnt is known until it is forgotten", () => {
  const learnt = story([HEARD, event("voice_assigned", { voice: "b", seat: "면접관_1", reason: "heard" })]);
  assert.deepEqual(learnt.learnt, { 지원자_1: true });
  assert.deepEqual(story([event("voice_forgotten", { seat: "지원자_1" })], learnt).learnt, {});
});

test("who spoke at the same time is told, a quick reply is not", () => {
  const span = (/** @type {string} */ voice, /** @type {number} */ start, /** @type {number} */ end) =>
    ({ voice, start, end, confidence: 0.9 });
  const said = final("u1", 1, 4, "말", "a");
  const speech = (/** @type {any[]} */ ...spans) =>
    story([HEARD, said, event("speech", { track: "지원자_1", start: 0, end: 9, spans })]);
  const both = speech(span("a", 1, 4), span("b", 3, 5));
  assert.deepEqual(together(both, first(both)), ["b"]);
  const quick = speech(span("a", 1, 4), span("b", 3.8, 5));
  assert.deepEqual(together(quick, first(quick)), []);
});

test("who seems to speak is not said of whoever speaks next", () => {
  const told = { type: "provisional_speaker", track: "m1", voice: "a", start: 1, confidence: 0.7 };
  const state = story([{ ...told }]);
  const speaking = (/** @type {number} */ start) =>
    speakerNow(state, "m1", { speaker: null, start, committed: "", tentative: "", heard_s: 0 })?.voice;
  assert.deepEqual([speaking(1.2), speaking(8)], ["a", undefined]);
});

test("that voices are not told apart is told while it is news", () => {
  const off = { type: "speakers", track: "m1", state: "off", reason: "missing" };
  const state = receive(story([]), /** @type {any} */ (off), 10);
  assert.deepEqual(untold(state, 12), { state: "off", reason: "missing" });
  assert.equal(untold(state, 40), null);
  assert.equal(untold(receive(state, /** @type {any} */ ({ ...off, state: "on", reason: "" }), 13), 14), null);
});

test("a line can be taken for anybody heard or learnt, but for own microphones", () => {
  const learnt = event("voice_assigned", { voice: "b", seat: "면접관_1", reason: "enrolment" });
  const own = event("voice_assigned", { voice: "o", seat: "면접관_1", reason: "own_microphone" });
  const state = story([HEARD, learnt, own, final("u1", 1, 2, "말", "a"), final("u2", 3, 4, "말", "a")]);
  const target = targetOfLine(state, first(state));
  assert.deepEqual([target.seat, target.count, target.isOwn], ["지원자_1", 2, false]);
  assert.deepEqual(target.others, [{ voice: "b", seat: "면접관_1", letter: "" }]);
  const mine = story([final("u3", 5, 6, "말", "o")], state);
  assert.equal(targetOfLine(mine, /** @type {any} */ (mine.lines.at(-1))).isOwn, true);
});
