/** Having one's voice learnt: what is read, sent, refused, forgotten, and what the page says. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ofClass } from "./paper.js";
import { Refusal } from "../../static/js/connection/codes.js";
import { MicrophoneProblem } from "../../static/js/microphone/problem.js";
import { Ring } from "../../static/js/microphone/ring.js";
import { t } from "../../static/js/texts/voice.js";
import { errorText } from "../../static/js/texts/errors.js";
import { aside } from "../../static/js/voice/aside.js";
import { Enrolment } from "../../static/js/voice/enrolment.js";
import { voicePanel } from "../../static/js/voice/panel.js";
import { mayAskOthers, voiceRow } from "../../static/js/voice/row.js";
import { LEAST_S, LONGEST_S, Reading, Unheard } from "../../static/js/voice/reading.js";
import { Clock, settled } from "./clock.js";

// What shows the level asks to be called again; nobody looks here.
Object.assign(globalThis, { requestAnimationFrame: () => 0 });

const SEAT = "지원자_1";
const RATE_HZ = 16_000;

/** A recorder that is told what it hears. */
class Recorder extends EventTarget {
  #ring = new Ring();
  /** @type {any} */
  track = null;
  isClosed = false;
  #at_ms = 0;

  get end_ms() {
    return this.#ring.end_ms;
  }

  /** @param {number} from_ms @param {number} to_ms */
  cut(from_ms, to_ms) {
    return this.#ring.cut(from_ms, to_ms);
  }

  /** @param {any} track */
  follow(track) {
    this.track = track;
  }

  close() {
    this.isClosed = true;
  }

  /** @param {number} s @param {number} [height] */
  hear(s, height = 8000) {
    for (let left = Math.round(s * 8); left > 0; left -= 1) {
      this.#at_ms += 125;
      this.#ring.push(new Int16Array(RATE_HZ / 8).fill(height), this.#at_ms);
      this.dispatchEvent(new Event("piece"));
    }
  }
}

function track() {
  return {
    enabled: false,
    isStopped: false,
    /** @type {any[]} */
    clones: [],
    clone() {
      const one = track();
      this.clones.push(one);
      return one;
    },
    stop() {
      this.isStopped = true;
    },
  };
}

function begun() {
  const recorder = new Recorder();
  const clock = new Clock();
  const source = track();
  const reading = new Reading(/** @type {any} */ (source), recorder, clock);
  return { recorder, clock, source, reading };
}

test("a reading ends by itself after twelve seconds, with all that was read", async () => {
  const { recorder, reading } = begun();
  recorder.hear(LONGEST_S - 0.5);
  assert.equal(reading.isOver, false);
  assert.ok(reading.level > 0.5);
  assert.ok(Math.abs(reading.heard_s - LONGEST_S + 0.5) < 0.01);
  recorder.hear(0.5);
  assert.equal((await reading.samples)?.length, LONGEST_S * RATE_HZ);
  assert.ok(reading.isOver && recorder.isClosed);
});

test("who has read everything says so, and nothing is listened to any more", async () => {
  const { recorder, source, reading } = begun();
  recorder.hear(LEAST_S);
  reading.finish();
  assert.equal((await reading.samples)?.length, LEAST_S * RATE_HZ);
  assert.ok(source.clones[0].isStopped);
  assert.equal(source.isStopped, false, "the microphone itself goes on");
});

test("a microphone that is muted for the others is heard by the reading", () => {
  const { recorder, source } = begun();
  assert.equal(source.enabled, false);
  assert.equal(recorder.track, source.clones[0]);
  assert.equal(recorder.track.enabled, true);
});

test("who cancels has read nothing", async () => {
  const { recorder, reading } = begun();
  recorder.hear(3);
  reading.cancel();
  assert.equal(await reading.samples, null);
  assert.ok(recorder.isClosed);
});

test("a microphone without sound ends the reading after some seconds", async () => {
  const { clock, recorder, reading } = begun();
  const failed = assert.rejects(reading.samples, Unheard);
  await clock.pass(3);
  recorder.hear(1);
  await clock.pass(3);
  assert.equal(reading.isOver, false);
  await clock.pass(2);
  await failed;
  assert.ok(recorder.isClosed);
});

/** A server that answers what it is told to. */
function office() {
  return {
    /** @type {any[]} */
    asked: [],
    /** @type {unknown} */
    error: null,
    /** @type {string[]} */
    alike: [],
    async look() {
      return { is_on: true, enrolled: [] };
    },
    /** @param {any} whose @param {Int16Array} samples */
    async learn(whose, samples) {
      this.asked.push(["learn", whose, samples.length]);
      if (this.error) throw this.error;
      return { seat: whose.seat, voice: "v1", speech_s: 7, alike: this.alike };
    },
    /** @param {any} whose */
    async forget(whose) {
      this.asked.push(["forget", whose]);
      if (this.error) throw this.error;
    },
  };
}

/** @param {{isKnown?: boolean, isOthers?: boolean, problem?: Error}} [options] */
function enrolling({ isKnown = false, isOthers = false, problem } = {}) {
  const server = office();
  const recorder = new Recorder();
  const enrolment = new Enrolment({
    server,
    whose: { seat: SEAT, isOthers },
    isKnown,
    read: async () => {
      if (problem) throw problem;
      return new Reading(/** @type {any} */ (track()), recorder, new Clock());
    },
  });
  /** @type {string[]} */
  const phases = [];
  enrolment.addEventListener("change", () => phases.push(enrolment.state.phase));
  return { server, recorder, enrolment, phases };
}

test("a voice is read, sent and learnt", async () => {
  const { server, recorder, enrolment, phases } = enrolling();
  const begun = enrolment.begin();
  await settled();
  recorder.hear(LONGEST_S);
  await begun;
  assert.deepEqual(phases, ["opening", "reading", "sending", "learnt"]);
  assert.deepEqual(server.asked, [
    ["learn", { seat: SEAT, isOthers: false }, LONGEST_S * RATE_HZ],
  ]);
  assert.ok(enrolment.state.isKnown && enrolment.wasRead);
});

test("nothing is sent of a reading that was cancelled, and what was known stays", async () => {
  const { server, enrolment } = enrolling({ isKnown: true });
  const begun = enrolment.begin();
  await settled();
  enrolment.cancel();
  await begun;
  assert.equal(enrolment.state.phase, "learnt");
  assert.deepEqual(server.asked, []);
});

test("what was refused can be read again", async () => {
  const { server, recorder, enrolment } = enrolling();
  server.error = new Refusal("voice_noisy");
  const begun = enrolment.begin();
  await settled();
  recorder.hear(LONGEST_S);
  await begun;
  assert.deepEqual(
    [enrolment.state.phase, enrolment.state.code, enrolment.state.isKnown],
    ["failed", "voice_noisy", false],
  );
  assert.equal(enrolment.isBusy, false);
});

test("a microphone that does not open is told apart from a server that refuses", async () => {
  const { enrolment } = enrolling({ problem: new MicrophoneProblem("denied") });
  await enrolment.begin();
  assert.deepEqual([enrolment.state.phase, enrolment.state.code], ["failed", "microphone"]);
});

test("a voice is forgotten when its person wants it so", async () => {
  const { server, enrolment } = enrolling({ isKnown: true });
  await enrolment.forget();
  assert.deepEqual(server.asked, [["forget", { seat: SEAT, isOthers: false }]]);
  assert.deepEqual([enrolment.state.phase, enrolment.state.isKnown], ["ready", false]);
});

test("who leaves while the microphone opens reads nothing", async () => {
  const { server, enrolment } = enrolling();
  const begun = enrolment.begin();
  enrolment.close();
  await begun;
  assert.deepEqual(server.asked, []);
});

/** @param {Enrolment} enrolment @param {boolean} [isOthers] */
const panel = (enrolment, isOthers = false) => {
  const seats = [{ seat: SEAT, name: "김하나", microphone: /** @type {const} */ ("room") }];
  return voicePanel(enrolment, { seats, isOthers, mayBegin: () => true });
};

/** @param {any} element */
const status = (element) => ofClass(element, "voice-status")[0].textContent;
/** @param {any} element */
const buttons = (element) => ofClass(element, "voice-buttons")[0].textContent;

test("the page says what was wrong and what to do", async () => {
  for (const code of ["voice_too_short", "voice_clipped", "voice_noisy", "voice_shared", "voices_off"]) {
    const { server, recorder, enrolment } = enrolling();
    server.error = new Refusal(code);
    const element = panel(enrolment);
    const begun = enrolment.begin();
    await settled();
    recorder.hear(LONGEST_S);
    await begun;
    assert.equal(status(element), errorText(code));
    assert.notEqual(status(element), errorText("internal"), code);
    assert.ok(buttons(element).includes(t("again")));
  }
});

test("who sounds like somebody else is told whom", async () => {
  const { server, recorder, enrolment } = enrolling();
  server.alike = ["지원자_2"];
  const element = panel(enrolment);
  const begun = enrolment.begin();
  await settled();
  recorder.hear(LONGEST_S);
  await begun;
  assert.equal(status(element), t("learnt"));
  assert.ok(element.textContent.includes("지원자 2"));
});

test("a voice that was learnt before can be forgotten, and the page says so", async () => {
  const { enrolment } = enrolling({ isKnown: true });
  const element = panel(enrolment);
  assert.equal(status(element), t("known"));
  const [, forget] = ofClass(element, "voice-buttons")[0].children;
  forget.dispatchEvent(new Event("click"));
  await settled();
  assert.equal(status(element), t("forgotten"));
  assert.equal(buttons(element), t("begin"));
});

/** @param {boolean} isMuted @param {boolean} [hasMicrophone] */
function own(isMuted, hasMicrophone = true) {
  return {
    state: /** @type {any} */ ({ isMuted }),
    told: 0,
    toggleMute() {
      if (!hasMicrophone) return;
      this.told += 1;
      this.state = { isMuted: !this.state.isMuted };
    },
  };
}

test("what is read into an open microphone is no part of the interview", async () => {
  const { reading } = begun();
  const mine = own(false);
  aside(reading, mine);
  assert.equal(mine.state.isMuted, true);
  reading.cancel();
  await settled();
  assert.equal(mine.state.isMuted, false);
});

test("who was muted before the reading stays muted after it", async () => {
  for (const mine of [own(true), own(false, false)]) {
    const { reading } = begun();
    const before = mine.state.isMuted;
    aside(reading, mine);
    reading.cancel();
    await settled();
    assert.equal(mine.state.isMuted, before);
    assert.equal(mine.told, 0);
  }
});

test("operators and devices ask others, people in seats themselves, observers nobody", () => {
  /** @type {any} */
  const join = (/** @type {string} */ role, /** @type {string | null} */ seat = null) => ({
    role,
    roles: [role],
    seat,
    seats: [],
  });
  assert.ok(mayAskOthers(join("operator")) && mayAskOthers(join("microphone")));
  assert.ok(!mayAskOthers(join("applicant", SEAT)));
  assert.equal(voiceRow(join("applicant", SEAT)).textContent, t("enrolMine"));
  assert.equal(voiceRow(join("microphone")).textContent, t("enrolRoom"));
  assert.equal(voiceRow(join("observer")).textContent, "");
});
