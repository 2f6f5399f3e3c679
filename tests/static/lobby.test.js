/** What the lobby asks, says and measures. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { adviceOn, adviceOnApp } from "../../static/js/lobby/advice.js";
import { howLong, isAsked } from "../../static/js/lobby/keeping.js";
import { isTogether, planOf } from "../../static/js/lobby/plan.js";
import { browserOf } from "../../static/js/microphone/browser.js";
import { HEALTHY, step } from "../../static/js/microphone/health.js";
import { hear, levelOf, loudness, NOTHING_HEARD, verdict } from "../../static/js/microphone/loudness.js";
import { problemOf } from "../../static/js/microphone/problem.js";
import { recordingType } from "../../static/js/microphone/recording.js";

const IOS = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15";
const ANDROID = "Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 (KHTML, like Gecko)";
const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)";

/** @type {[string, string, string | null, string, string][]} */
const AGENTS = [
  ["Safari", `${IOS} Version/17.5 Mobile/15E148 Safari/604.1`, null, "safari", "ios"],
  ["Chrome on iOS", `${IOS} CriOS/125.0 Mobile/15E148 Safari/604.1`, null, "chrome", "ios"],
  ["Firefox on iOS", `${IOS} FxiOS/126.0 Mobile/15E148 Safari/605.1.15`, null, "firefox", "ios"],
  ["Chrome on Android", `${ANDROID} Chrome/125.0.0.0 Mobile Safari/537.36`, null, "chrome", "android"],
  ["Samsung Internet", `${ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36`, null, "samsung", "android"],
  ["Firefox on Android", "Mozilla/5.0 (Android 14; Mobile; rv:126.0) Gecko/126.0 Firefox/126.0", null, "firefox", "android"],
  ["Chrome on Windows", `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/125.0 Safari/537.36`, null, "chrome", "computer"],
  ["Firefox on Windows", `${WINDOWS} Gecko/20100101 Firefox/126.0`, null, "firefox", "computer"],
  ["Safari on a Mac", `${MAC} Version/17.5 Safari/605.1.15`, null, "safari", "computer"],
  ["KakaoTalk on iOS", `${IOS} (KHTML, like Gecko) Mobile/15E148 KAKAOTALK 10.8.5`, "kakaotalk", "other", "ios"],
  ["KakaoTalk on Android", `${ANDROID} Version/4.0 Chrome/125.0 Mobile Safari/537.36;KAKAOTALK 2410850`, "kakaotalk", "chrome", "android"],
  ["Naver", `${IOS} Mobile/15E148 NAVER(inapp; search; 2000; 12.6.3; 15PRO)`, "naver", "other", "ios"],
  ["LINE", `${ANDROID} Version/4.0 Chrome/125.0 Mobile Safari/537.36 Line/14.8.0`, "line", "chrome", "android"],
  ["Instagram", `${IOS} Mobile/15E148 Instagram 332.0.8.33.91`, "instagram", "other", "ios"],
  ["Facebook", `${IOS} Mobile/15E148 [FBAN/FBIOS;FBAV/465.0;FBBV/602]`, "facebook", "other", "ios"],
  ["another Android app", "Mozilla/5.0 (Linux; Android 14; SM-S921N; wv) AppleWebKit/537.36 Version/4.0 Chrome/125.0 Mobile Safari/537.36", "other", "chrome", "android"],
  ["another iOS app", `${IOS} (KHTML, like Gecko) Mobile/15E148`, "other", "other", "ios"],
];

for (const [name, agent, app, family, system] of AGENTS) {
  test(`${name} is recognised by its user agent`, () => {
    assert.deepEqual(browserOf(agent), { app, family, system });
  });
}

test("an iPad that says it is a Mac is recognised by its touch screen", () => {
  assert.equal(browserOf(`${MAC} Version/17.5 Safari/605.1.15`, 5).system, "ios");
});

test("each browser is told where its own permission is", () => {
  const steps = AGENTS.filter(([, , app]) => !app).map(([, agent]) =>
    adviceOn("denied", browserOf(agent)).step,
  );
  assert.deepEqual(steps, [
    "deniedSafariIos",
    "deniedOtherIos",
    "deniedOtherIos",
    "deniedChromeAndroid",
    "deniedSamsung",
    "deniedFirefox",
    "deniedComputer",
    "deniedFirefox",
    "deniedSafariMac",
  ]);
});

test("inside an app a denied microphone is answered with the way out of it", () => {
  const kakao = browserOf(`${IOS} (KHTML, like Gecko) Mobile/15E148 KAKAOTALK 10.8.5`);
  assert.deepEqual(adviceOn("denied", kakao), { title: "denied", step: "outsideIos" });
  assert.deepEqual(adviceOn("busy", kakao), { title: "busy", step: "busyStep" });
  assert.deepEqual(adviceOnApp(kakao), { title: "kakaotalk", step: "outsideIos" });
});

test("what getUserMedia throws is named by its reason", () => {
  const kind = (/** @type {string} */ name, message = "") => problemOf(new DOMException(message, name));
  assert.equal(kind("NotAllowedError", "Permission denied"), "denied");
  assert.equal(kind("NotAllowedError", "Permission dismissed"), "dismissed");
  assert.equal(kind("NotAllowedError", "Permission denied by system"), "system");
  assert.equal(kind("NotFoundError"), "none");
  assert.equal(kind("NotReadableError"), "busy");
  assert.equal(kind("InvalidStateError"), "unknown");
  assert.equal(problemOf(undefined), "unknown");
});

const SEATS = /** @type {any[]} */ ([
  { seat: "면접관_1", name: null, microphone: "own" },
  { seat: "지원자_1", name: "홍길동", microphone: "room" },
  { seat: "지원자_2", name: null, microphone: "none" },
]);

/** @param {object} changes */
function plan(changes) {
  const join = { role: "applicant", seat: "면접관_1", microphone: "own", consent: "required" };
  return planOf(/** @type {any} */ ({ ...join, seats: SEATS, ...changes }));
}

test("a seat with its own microphone is asked for consent, once", () => {
  assert.deepEqual(plan({}), { consent: "ask", microphone: "own", place: null });
  assert.equal(plan({ consent: "given" }).consent, "given");
  assert.equal(plan({ consent: "external" }).consent, "external");
});

test("a seat without a microphone is still asked, and told what hears it", () => {
  const heard = plan({ seat: "지원자_1", microphone: "none" });
  assert.deepEqual(heard, { consent: "ask", microphone: null, place: "heardByRoom" });
  assert.equal(plan({ seat: "지원자_2", microphone: "none" }).place, "notHeard");
});

test("that people sit together is told where it is the only reason for silence", () => {
  const told = (/** @type {object} */ changes) =>
    isTogether(/** @type {any} */ ({ listens: false, seat: "면접관_1", seats: SEATS, ...changes }));
  assert.deepEqual([told({}), told({ seat: null })], [true, true]);
  assert.equal(told({ seat: "지원자_1" }), false, "the room's device speaks for its seats");
  assert.deepEqual([told({ listens: true }), told({ listens: undefined })], [false, false]);
});

test("whoever has no seat enters with one tap", () => {
  for (const role of ["operator", "observer"]) {
    const expected = { consent: null, microphone: null, place: null };
    assert.deepEqual(plan({ role, seat: null, microphone: "none" }), expected);
  }
});

test("a room microphone waits for the operator, not for its own consent", () => {
  const expected = { consent: "room", microphone: "room", place: null };
  assert.deepEqual(plan({ role: "microphone", seat: null, microphone: "room" }), expected);
});

test("only who consents for themselves is asked about their recorded voice", () => {
  const asked = (/** @type {any} */ consent, keep_audio_days = 30) => isAsked({ keep_audio_days }, { consent });
  assert.deepEqual(["ask", "given", "external", "room", null].map((one) => asked(one)), [true, true, false, false, false]);
  assert.equal(asked("ask", 0), false, "nothing is kept here");
  assert.equal(isAsked(/** @type {any} */ ({}), { consent: "ask" }), false, "an older server keeps nothing");
});

test("how long a voice is kept is told in whole days, or in hours, never too short", () => {
  assert.deepEqual([1, 30, 0.5, 1.5, 0.01].map(howLong), ["1일", "30일", "12시간", "36시간", "1시간"]);
});

test("a microphone's answer to an older question is ignored", () => {
  const chosen = step(HEALTHY, { type: "choose" });
  const again = step(chosen, { type: "choose" });
  assert.equal(step(again, { type: "opened", attempt: 1 }), again);
  assert.equal(step(again, { type: "opened", attempt: 2 }).phase, "open");
});

test("a reason stays until the microphone works again", () => {
  const lost = step(HEALTHY, { type: "interrupted" });
  const trying = step(lost, { type: "visible" });
  assert.deepEqual(trying, { phase: "reopening", reason: "interrupted", attempt: 1 });
  const none = step(trying, { type: "failed", attempt: 1, problem: "none" });
  assert.deepEqual(none, { phase: "lost", reason: "unplugged", attempt: 1 });
});

test("a blocked microphone is not asked for again by looking at the page", () => {
  const denied = step(HEALTHY, { type: "denied" });
  assert.equal(step(denied, { type: "visible" }), denied);
  assert.equal(step(denied, { type: "granted" }).phase, "reopening");
});

test("loudness is linear in decibels between -60 and -10", () => {
  assert.equal(loudness(new Float32Array(64)), 0);
  assert.ok(Math.abs(loudness(new Float32Array(64).fill(10 ** (-35 / 20))) - 0.5) < 1e-6);
  assert.equal(loudness(new Float32Array(64).fill(1)), 1);
});

test("the pause between two words is not silence, and a murmur is not speech", () => {
  const spoken = hear(NOTHING_HEARD, levelOf(-30), 0);
  assert.equal(verdict(hear(spoken, 0, 2000), 2000), "heard");
  const murmured = hear(spoken, levelOf(-50), 3000);
  assert.equal(verdict(murmured, 3000), "quiet");
  assert.equal(verdict(murmured, 9000), "silent");
  assert.equal(verdict(NOTHING_HEARD, 0), "silent");
});

test("the echo test records what the browser can, Safari's MP4 included", () => {
  const only = (/** @type {string} */ known) => ({
    isTypeSupported: (/** @type {string} */ type) => type.startsWith(known),
  });
  assert.equal(recordingType(only("audio/")), "audio/webm;codecs=opus");
  assert.equal(recordingType(only("audio/mp4")), "audio/mp4");
  assert.equal(recordingType(only("nothing")), "");
  assert.equal(recordingType(undefined), null);
});
