/** What a page shows and keeps when it is not, or no longer, in the room. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { all, ofClass } from "./paper.js";
import { forget } from "../../static/js/connection/resume.js";
import { barView } from "../../static/js/room/bar.js";
import { captionsView } from "../../static/js/room/captions.js";
import { noteHint } from "../../static/js/room/noteform.js";
import { disconnected } from "../../static/js/state.js";
import { t } from "../../static/js/texts/room.js";
import { event, JOIN, story } from "./messages.js";

const SEAT = "지원자_1";
const OPEN = { phase: "open", door: "peer", code: null, reason: null, isSuspect: false };
const REFUSED = { ...OPEN, phase: "stopped", door: null, code: "seat_taken" };
const OWN = { hasMicrophone: true, isMuted: false, lost: null, hasWithdrawn: false };

/** A microphone of a browser that draws nothing. */
const MICROPHONE = Object.assign(new EventTarget(), {
  lostReason: null,
  deviceId: "",
  devices: async () => [],
});
Object.assign(globalThis, {
  requestAnimationFrame: () => 0,
  ResizeObserver: class {
    observe() {}
  },
});

/** @param {object} [link] @param {any[]} [messages] @returns {any} */
const scene = (link = OPEN, messages = []) => ({
  state: story(messages),
  join: { ...JOIN, role: "applicant", roles: ["applicant"], seat: SEAT },
  own: OWN,
  link,
  sound: { isOn: true, isBlocked: false },
  unsaved: [],
  now_s: 0,
});

/** @param {any} element @param {string} id */
const ofId = (element, id) => all(element, (one) => one.getAttribute("id") === id)[0];

test("whoever is refused is shown no microphone that is heard, and can only leave", () => {
  const bar = barView(scene().join, /** @type {any} */ (MICROPHONE));
  const shown = (/** @type {object} */ link) => {
    bar.show(scene(link));
    const parts = [ofId(bar.element, "mute"), ofId(bar.element, "sound"), ofClass(bar.element, "device")[0]];
    return [...parts, ofId(bar.element, "leave")].map(({ hidden }) => !hidden);
  };
  assert.deepEqual(shown(OPEN), [true, true, true, true]);
  assert.deepEqual(shown(REFUSED), [false, false, false, true]);
});

test("the button for the others' voices says whose they are", () => {
  const bar = barView(scene().join, null);
  const words = [true, false].map((isOn) => {
    bar.show({ ...scene(), sound: { isOn, isBlocked: false } });
    return ofId(bar.element, "sound").textContent;
  });
  assert.deepEqual(words, ["상대 소리 끄기", "상대 소리 켜기"]);
});

test("whoever is refused is not promised that their words appear", () => {
  const view = captionsView();
  const [empty] = ofClass(view.element, "empty");
  const said = [OPEN, REFUSED].map((link) => {
    view.show(scene(link));
    return empty.textContent;
  });
  assert.deepEqual(said, [t("noCaptions"), t("noCaptionsHere")]);
});

test("that voices are not passed on is told in the room where it is so", () => {
  const told = [true, false].map((hear_each_other) => {
    const config = { title: "", job: "", seats: [], consent: "in_room", hear_each_other };
    const view = captionsView();
    view.show(scene(OPEN, [event("session_created", { config })]));
    const [line] = ofClass(view.element, "together");
    return line.hidden ? "" : line.textContent;
  });
  assert.deepEqual(told, ["", t("together")]);
});

test("only keys that do something are told", () => {
  assert.match(noteHint(true), / · S /);
  assert.doesNotMatch(noteHint(false), / · S /);
  assert.match(noteHint(false), / · M /);
});

test("a lost connection takes with it what was true of the moment, not what was said", () => {
  const words = { committed: "저는", tentative: "" };
  const state = story([
    event("joined", { connection: "c1", role: "applicant", seat: SEAT, name: null }),
    { type: "interim", track: SEAT, speaker: SEAT, start: 1, ...words },
    { type: "lag", track: SEAT, final_s: 1, is_behind: true },
    { type: "level", track: SEAT, speaker: SEAT, level: -20 },
  ]);
  assert.equal(Object.keys(state.interims).length, 1);
  const { interims, lags, levels, people } = disconnected(state);
  assert.deepEqual([interims, lags, levels, people], [{}, {}, {}, state.people]);
});

test("whoever leaves is new when they come again, in that interview only", () => {
  const kept = new Map([["daedam-resume:s", "1"], ["daedam-resume:other", "2"], ["note", "3"]]);
  const removeItem = (/** @type {string} */ key) => void kept.delete(key);
  Object.assign(globalThis, { sessionStorage: { removeItem } });
  forget("s");
  assert.deepEqual([...kept.keys()], ["daedam-resume:other", "note"]);
});

test("where storage is forbidden one can leave all the same", () => {
  const removeItem = () => {
    throw new Error("denied");
  };
  Object.assign(globalThis, { sessionStorage: { removeItem } });
  assert.doesNotThrow(() => forget("s"));
});
