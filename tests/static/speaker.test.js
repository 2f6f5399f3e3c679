/** The others' voices: what the person chose, and what the browser allows. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { kindOf } from "../../static/js/lobby/plan.js";
import { constraintsOf } from "../../static/js/microphone/open.js";
import { shortcut } from "../../static/js/room/keys.js";
import { Speaker } from "../../static/js/room/speaker.js";

/** An audio element of a browser that wants a tap first, or does not. */
class Audio extends EventTarget {
  muted = false;
  ended = false;
  paused = true;
  /** @type {object | null} */
  srcObject = {};
  isAllowed = true;

  async play() {
    if (!this.isAllowed && !this.muted) throw new DOMException("no tap", "NotAllowedError");
    this.paused = false;
  }

  stop() {
    this.paused = true;
    this.dispatchEvent(new Event("pause"));
  }
}

class Page extends EventTarget {
  visibilityState = "visible";
}

/** @param {{isOn?: boolean, hasVoices?: boolean, isAllowed?: boolean}} [how] */
function speaker({ isOn = true, hasVoices = true, isAllowed = true } = {}) {
  const [element, page] = [new Audio(), new Page()];
  element.isAllowed = isAllowed;
  const chosen = { isOn };
  const keep = (/** @type {boolean} */ is) => void (chosen.isOn = is);
  const choice = { get: () => chosen.isOn, set: keep };
  const one = new Speaker(/** @type {any} */ (element), hasVoices, { page, choice });
  return { one, element, page, chosen };
}

test("sound is on at first, and the choice is remembered", () => {
  const { one, element, chosen } = speaker();
  assert.deepEqual([one.isOn, element.muted], [true, false]);
  one.toggle();
  assert.deepEqual([one.isOn, element.muted, chosen.isOn], [false, true, false]);
  one.toggle();
  assert.deepEqual([one.isOn, element.muted, chosen.isOn], [true, false, true]);
  assert.equal(speaker({ isOn: false }).one.isOn, false);
});

test("sound that is off goes on playing in silence, by which the page knows its connection", async () => {
  const { one, element } = speaker({ isOn: false, isAllowed: false });
  await one.play();
  assert.deepEqual([element.paused, one.isBlocked], [false, false]);
});

test("a browser that wants a tap is given the next one", async () => {
  const { one, element, page } = speaker({ isAllowed: false });
  await one.play();
  assert.equal(one.isBlocked, true);
  const changed = new Promise((resolve) => one.addEventListener("change", resolve));
  element.isAllowed = true;
  page.dispatchEvent(new Event("click"));
  await changed;
  assert.deepEqual([element.paused, one.isBlocked], [false, false]);
});

test("sound that a call stopped goes on when the page is looked at again", async () => {
  const { one, element, page } = speaker();
  await one.play();
  page.visibilityState = "hidden";
  element.stop();
  page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual([one.isBlocked, element.paused], [true, true]);
  page.visibilityState = "visible";
  const changed = new Promise((resolve) => one.addEventListener("change", resolve));
  page.dispatchEvent(new Event("visibilitychange"));
  await changed;
  assert.deepEqual([one.isBlocked, element.paused], [false, false]);
});

test("the end of an old connection's stream is no refusal", () => {
  const { one, element } = speaker();
  element.ended = true;
  element.stop();
  assert.equal(one.isBlocked, false);
});

test("where there is nobody to hear, nothing is blocked and nothing sounds", async () => {
  const { one, element } = speaker({ hasVoices: false });
  element.stop();
  assert.deepEqual([element.muted, one.isBlocked], [true, false]);
});

test("a closed speaker lets go of its stream and listens to no tap", () => {
  const { one, element, page } = speaker();
  element.stop();
  one.close();
  page.dispatchEvent(new Event("click"));
  assert.deepEqual([element.srcObject, element.paused], [null, true]);
});

const NOTHING_HELD = { altKey: false, shiftKey: false, ctrlKey: false, metaKey: false };
const KEY = { code: "KeyS", key: "ㄴ", isComposing: false, ...NOTHING_HELD };

test("a key switches the sound, but not while somebody types", () => {
  assert.deepEqual(shortcut(KEY, false), { do: "sound" });
  assert.equal(shortcut(KEY, true), null);
  assert.equal(shortcut({ ...KEY, ctrlKey: true }, false), null);
});

test("a room's device that speaks cancels its echo, one that does not hears everything untouched", () => {
  const kind = (/** @type {any} */ microphone, listens = false) =>
    kindOf({ consent: null, microphone, place: null }, { listens });
  const kinds = [kind("room", true), kind("room"), kind("own", true), kind(null, true)];
  assert.deepEqual(kinds, ["aloud", "room", "own", null]);
  const asked = (/** @type {any} */ one) => /** @type {any} */ (constraintsOf(one, null).audio);
  const echo = (/** @type {any} */ one) => asked(one).echoCancellation;
  assert.deepEqual(["own", "aloud", "room"].map(echo), [true, true, false]);
});
