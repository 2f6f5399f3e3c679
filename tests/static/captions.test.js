/** A row of the captions: who spoke, how sure that is, and what people put right. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { all, ofClass } from "./paper.js";
import { captionRow, continues, interimRow, showInterim, showLine } from "../../static/js/room/captionrow.js";
import { unnamedStrip } from "../../static/js/room/unnamed.js";
import { t } from "../../static/js/texts/speakers.js";
import { event, final, story } from "./messages.js";

const NAMED = event("voice_assigned", { voice: "a", seat: "지원자_1", reason: "person" });
const FOUND = event("voice_assigned", { voice: "b", seat: null, reason: "heard" });

/** @param {string} utterance @param {number} start @param {string | null} voice @param {number} confidence */
function said(utterance, start, voice, confidence) {
  const one = final(utterance, start, start + 1, "저는 개발자입니다", voice);
  return { ...one, segments: [{ ...one.segments[0], voice_confidence: confidence }] };
}

/** @param {any} row */
const read = (row) => ({
  who: ofClass(row, "who")[0].textContent,
  badge: ofClass(row, "badge")[0].textContent,
  tags: ofClass(row, "tag").map((tag) => tag.childNodes[0].textContent),
  words: ofClass(row, "words")[0].textContent,
  isGuess: row.className.split(" ").includes("likely"),
});

/** @param {any} state @param {number} [place] @returns {any} */
const row = (state, place = 0) => captionRow(state, state.lines[place], true);

test("a sure name stands alone, a guess says that it is one", () => {
  const state = story([NAMED, said("u1", 1, "a", 0.95), said("u2", 3, "a", 0.6)]);
  const sure = { who: "김하나 (지원자 1)", badge: "1", tags: [], words: "저는 개발자입니다", isGuess: false };
  assert.deepEqual(read(row(state)), sure);
  assert.deepEqual(read(row(state, 1)), { ...sure, tags: [t("likely")], isGuess: true });
});

test("a voice without a name has its letter, and is no guess", () => {
  const { who, badge, isGuess } = read(row(story([FOUND, said("u1", 1, "b", 0.5)])));
  assert.deepEqual([who, badge, isGuess], ["미확인 A", "A", false]);
});

test("what people put right is marked, in the same row", () => {
  const state = story([NAMED, FOUND, said("u1", 1, "b", 0.5)]);
  const shown = row(state);
  const by = { by: "면접관_1" };
  const after = story([
    event("segment_voiced", { segment: "u1.1", voice: "a", confidence: null }, by),
    event("segment_edited", { segment: "u1.1", text: "저는 디자이너입니다" }, by),
  ], state);
  showLine(shown, after, /** @type {any} */ (after.lines[0]));
  const { who, tags, words } = read(shown);
  assert.deepEqual([who, tags, words], ["김하나 (지원자 1)", [t("moved")], "저는 디자이너입니다"]);
});

test("who spoke at the same time is said with the line", () => {
  const spans = [
    { voice: "a", start: 1, end: 2, confidence: 0.9 },
    { voice: "b", start: 1.2, end: 2, confidence: 0.9 },
  ];
  const state = story([NAMED, FOUND, said("u1", 1, "a", 0.95)]);
  const shown = row(story([event("speech", { track: "지원자_1", start: 0, end: 3, spans })], state));
  assert.deepEqual(read(shown).tags, [t("together")]);
  assert.match(ofClass(shown, "tags")[0].textContent, /미확인 A/);
});

test("the name is a button only for who may put it right", () => {
  const state = story([NAMED, said("u1", 1, "a", 0.95)]);
  const buttons = (/** @type {boolean} */ canFix) =>
    all(captionRow(state, /** @type {any} */ (state.lines[0]), canFix), ({ tag }) => tag === "button");
  assert.deepEqual([buttons(true).length, buttons(false).length], [1, 0]);
  /** @type {any} */
  let asked = null;
  const [button] = buttons(true);
  button.addEventListener("fix-line", (/** @type {any} */ { detail }) => (asked = detail));
  button.dispatchEvent(new Event("click"));
  assert.deepEqual([asked.segment, asked.anchor === button], ["u1.1", true]);
});

test("a name is repeated where another speaks, or is as likely only", () => {
  const heard = [said("u1", 1, "a", 0.95), said("u2", 3, "a", 0.95), said("u3", 5, "a", 0.5), said("u4", 7, "b", 0.5)];
  const state = story([NAMED, FOUND, ...heard]);
  const repeats = state.lines.map((line, place) => !continues(state, state.lines[place - 1], line));
  assert.deepEqual(repeats, [true, false, true, true]);
  const named = story([event("voice_assigned", { voice: "b", seat: "지원자_1", reason: "person" })], state);
  assert.equal(continues(named, named.lines[2], /** @type {any} */ (named.lines[3])), true);
});

test("who seems to speak into a room microphone is shown as a guess, and may change", () => {
  const words = { type: "interim", track: "m1", speaker: null, start: 5, committed: "그래서", tentative: "제가" };
  const guess = { type: "provisional_speaker", track: "m1", voice: "a", start: 5, confidence: 0.97 };
  const shown = interimRow();
  const show = (/** @type {any[]} */ ...more) => {
    const state = story([NAMED, FOUND, words, ...more]);
    showInterim(shown, state, "m1", /** @type {any} */ (state.interims["m1"]));
    const { who, tags, words: text } = read(shown);
    return [who, tags, text];
  };
  assert.deepEqual(show(), ["미확인", [], "그래서 제가"]);
  assert.deepEqual(show(guess), ["김하나 (지원자 1)", [t("likely")], "그래서 제가"]);
  assert.deepEqual(show(guess, { ...guess, voice: "b" })[0], "미확인 A");
});

test("who speaks into an own microphone is no guess", () => {
  const track = "지원자_1";
  const state = story([{ type: "interim", track, speaker: track, start: 5, committed: "네", tentative: "" }]);
  const shown = interimRow();
  showInterim(shown, state, track, /** @type {any} */ (state.interims[track]));
  assert.deepEqual(read(shown), { who: "김하나 (지원자 1)", badge: "1", tags: [], words: "네", isGuess: false });
});

test("a voice waits for its name above the captions until somebody gives it", () => {
  const strip = unnamedStrip();
  const unknown = story([FOUND, said("u1", 1, "b", 0.5), said("u2", 4, "b", 0.5)]);
  strip.show(unknown);
  const names = () => all(strip.element, (one) => one.getAttribute("data-voice-name") !== null).map((one) => one.getAttribute("aria-label"));
  assert.deepEqual(names(), [t("nameIt", { who: "미확인 A", count: 2 })]);
  assert.equal(strip.element.hidden, false);
  strip.show(story([event("voice_assigned", { voice: "b", seat: "지원자_1", reason: "person" })], unknown));
  assert.equal(strip.element.hidden, true);
});
