/** What the network lost: noticed by silence, and sent once the server asks for it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Backfill } from "../../static/js/connection/backfill.js";
import { Refusal } from "../../static/js/connection/codes.js";
import { doubt, look, unheard, verdict } from "../../static/js/connection/liveness.js";
import { Ring } from "../../static/js/microphone/ring.js";
import { OwnSound } from "../../static/js/room/own.js";
import { Clock, settled } from "./clock.js";

/** @param {[at_ms: number, heard: number][]} looks @param {any} [liveness] */
function judged(looks, liveness = unheard(0)) {
  return looks.map(([at_ms, heard]) => verdict((liveness = look(liveness, heard, at_ms))));
}

/** @param {number} from @param {number} to @param {number} heard @returns {[number, number][]} */
const each500 = (from, to, heard) =>
  Array.from({ length: (to - from) / 500 }, (_, i) => [from + (i + 1) * 500, heard]);

test("silence is suspected after 2.5 seconds and given up after 6", () => {
  const verdicts = judged([[500, 1], ...each500(500, 7000, 1)]);
  assert.equal(verdicts.indexOf("suspect"), 5);
  assert.equal(verdicts.indexOf("lost"), 12);
});

test("one packet is enough to be here again", () => {
  const verdicts = judged([[500, 1], ...each500(500, 4000, 1), [4500, 2]]);
  assert.deepEqual(verdicts.slice(-2), ["suspect", "here"]);
});

test("who has sent nothing yet is not judged", () => {
  assert.ok(judged(each500(0, 60_000, 0)).every((verdict) => verdict === "here"));
});

test("a page that slept does not take its own sleep for silence", () => {
  const verdicts = judged([[500, 1], [1000, 1], [61_000, 1], [61_500, 1], [64_000, 1]]);
  assert.ok(verdicts.every((verdict) => verdict === "here"));
  // A tab in the background is woken once a second at least.
  assert.ok(judged([[1000, 1], [2000, 1], [3000, 1], [4000, 1]]).includes("suspect"));
});

test("after a change of network silence counts sooner", () => {
  const heard = look(unheard(0), 1, 10_000);
  assert.deepEqual(judged(each500(10_000, 11_000, 1), doubt(heard, 10_000)), ["here", "suspect"]);
  assert.deepEqual(judged(each500(10_000, 11_000, 2), doubt(heard, 10_000)), ["here", "here"]);
  assert.equal(verdict(doubt(unheard(0), 10_000)), "here");
});

/** A page's ring that grows with the clock, in samples that tell their millisecond. */
class Kept extends EventTarget {
  #ring = new Ring();
  #clock;
  /** @param {Clock} clock */
  constructor(clock) {
    super();
    this.#clock = clock;
  }

  get end_ms() {
    return this.#ring.end_ms;
  }

  cut = (/** @type {number} */ from, /** @type {number} */ to) => this.#ring.cut(from, to);

  /** @param {number} s */
  async speak(s) {
    for (let i = 0; i < s * 8; i += 1) {
      await this.#clock.pass(0.125);
      const end = this.#clock.now() * 1000;
      const samples = Int16Array.from({ length: 2000 }, (_, k) => end - 125 + Math.floor(k / 16));
      this.#ring.push(samples, end);
      this.dispatchEvent(new Event("piece"));
    }
  }
}

/** @typedef {import("../../static/js/connection/backfill.js").Piece} Piece */

/** A server that takes pieces, or refuses the next ones with these codes. */
function setUp() {
  const clock = new Clock();
  const kept = new Kept(clock);
  /** @type {{piece: Piece, samples: Int16Array}[]} */
  const taken = [];
  /** @type {string[]} */
  const refusals = [];
  const post = async (/** @type {Piece} */ piece, /** @type {Int16Array} */ samples) => {
    const code = refusals.shift();
    if (code) throw new Refusal(code);
    taken.push({ piece, samples });
    return { filled_s: samples.length / 16_000 };
  };
  const backfill = new Backfill({ kept, clock, post });
  /** @type {string[]} */
  const states = [];
  backfill.addEventListener("change", () => states.push(backfill.state));
  return { clock, kept, taken, refusals, backfill, states };
}

test("what was missed is sent with what stands around it", async () => {
  const { clock, kept, taken, backfill, states } = setUp();
  await kept.speak(20);
  // The session began 100 s before the page.
  void backfill.answer({ start: 110, end: 119.75, now: 120 });
  assert.deepEqual([backfill.state, taken.length], ["waiting", 0]);
  await kept.speak(1);
  assert.equal(taken.length, 1);
  const [{ piece, samples } = assert.fail()] = taken;
  assert.deepEqual(piece, { start: 108, rest: 0 });
  assert.equal(samples[0], 8000);
  assert.equal(samples.length, 12.45 * 16_000);
  assert.deepEqual(states, ["waiting", "sending", "sent"]);
  await clock.pass(10);
  assert.equal(backfill.state, "no");
});

test("nothing is sent that was not asked for", async () => {
  const { kept, taken } = setUp();
  await kept.speak(50);
  assert.deepEqual(taken, []);
});

test("a page that slept sends what it has in pieces, in order", async () => {
  const { clock, kept, taken, backfill } = setUp();
  await kept.speak(10);
  await clock.pass(5);
  await kept.speak(5);
  void backfill.answer({ start: 4, end: 18, now: 20 });
  await kept.speak(1);
  assert.deepEqual(
    taken.map(({ piece, samples }) => [piece.start, piece.rest, samples.length / 16_000]),
    [
      [2, 1, 8],
      [15, 0, 3.7],
    ],
  );
});

test("a page that has nothing of it says so at once", async () => {
  const { clock, kept, taken, backfill, states } = setUp();
  const missed = { start: 4, end: 18, now: 20 };
  await backfill.answer(missed);
  assert.deepEqual(taken.map(({ piece }) => piece), [{ start: 4, rest: 0 }]);
  assert.equal(taken[0]?.samples.length, 0);
  assert.equal(states.at(-1), "failed");
  await clock.pass(100);
  // What it kept is of another time.
  await kept.speak(3);
  void backfill.answer({ start: 50, end: 60, now: 103 });
  await settled();
  assert.equal(taken[1]?.samples.length, 0);
});

test("a page that hears nothing any more does not wait for ever", async () => {
  const { clock, kept, taken, backfill } = setUp();
  await kept.speak(10);
  void backfill.answer({ start: 4, end: 9.9, now: 10 });
  await clock.pass(3);
  assert.equal(taken.length, 1);
});

test("a failing network is tried once more, and what had arrived is not told twice", async () => {
  const { clock, kept, taken, refusals, backfill } = setUp();
  await kept.speak(20);
  refusals.push("unreachable");
  void backfill.answer({ start: 10, end: 15, now: 20 });
  await clock.pass(2);
  assert.deepEqual([taken.length, backfill.state], [1, "sent"]);
  refusals.push("unreachable", "not_awaited");
  void backfill.answer({ start: 10, end: 15, now: 22 });
  await clock.pass(2);
  assert.deepEqual([taken.length, backfill.state], [1, "sent"]);
  refusals.push("unreachable", "unreachable");
  void backfill.answer({ start: 10, end: 15, now: 24 });
  await clock.pass(2);
  assert.deepEqual([taken.length, backfill.state], [1, "failed"]);
});

test("what nobody waits for is no failure", async () => {
  const { kept, refusals, backfill, states } = setUp();
  await kept.speak(20);
  refusals.push("not_awaited");
  await backfill.answer({ start: 10, end: 15, now: 20 });
  assert.deepEqual(states, ["waiting", "sending", "no"]);
});

test("only the newest question is answered", async () => {
  const { kept, taken, backfill, states } = setUp();
  await kept.speak(20);
  void backfill.answer({ start: 10, end: 19.9, now: 20 });
  await kept.speak(0.25);
  void backfill.answer({ start: 10, end: 20.2, now: 20.25 });
  await kept.speak(2);
  assert.equal(taken.length, 1);
  assert.equal(taken[0]?.samples.at(-1), 20_899);
  assert.deepEqual(states, ["waiting", "waiting", "sending", "sent"]);
});

/** A microphone, a connection and a keeper that tell what is done to them. */
function person() {
  const { clock, kept, taken, backfill } = setUp();
  /** @type {string[]} */
  const told = [];
  const keeper = {
    follow: (/** @type {any} */ track) => told.push(`follow ${track.id}`),
    setMuted: (/** @type {boolean} */ isMuted) => told.push(`muted ${isMuted}`),
    forget: () => told.push("forget"),
    close: () => told.push("close"),
  };
  const microphone = Object.assign(new EventTarget(), {
    track: { id: "1" },
    setMuted: () => undefined,
    close: () => undefined,
  });
  const connection = Object.assign(new EventTarget(), {
    phase: "connecting",
    door: /** @type {string | null} */ (null),
    reason: /** @type {string | null} */ (null),
    command: async () => undefined,
    replaceTrack: () => undefined,
  });
  const own = new OwnSound(
    /** @type {any} */ (microphone),
    /** @type {any} */ (connection),
    /** @type {any} */ ({ keeper, backfill }),
    "지원자_1",
  );
  /** @param {string} phase @param {string | null} door @param {string | null} [reason] */
  const become = (phase, door, reason = null) => {
    Object.assign(connection, { phase, door, reason });
    if (phase === "open") connection.dispatchEvent(new Event("connected"));
    connection.dispatchEvent(new Event("change"));
  };
  const tell = (/** @type {object} */ detail) =>
    connection.dispatchEvent(new CustomEvent("message", { detail }));
  const miss = async () => {
    tell({ type: "missed", start: 10, end: 15, now: clock.now() });
    await clock.pass(0.1);
  };
  return { kept, taken, told, microphone, own, become, tell, miss };
}

test("sound is kept from the first connection on, and of every device", () => {
  const { told, microphone, become } = person();
  assert.deepEqual(told, []);
  become("open", "socket");
  assert.deepEqual(told, []);
  become("open", "peer");
  microphone.track = { id: "2" };
  microphone.dispatchEvent(new Event("trackchange"));
  assert.deepEqual(told, ["follow 1", "follow 2"]);
});

test("a lost connection goes on being kept, one that has stopped is forgotten", () => {
  const { told, become } = person();
  become("open", "peer");
  become("waiting", null);
  assert.deepEqual(told, ["follow 1"]);
  become("stopped", null);
  assert.deepEqual(told, ["follow 1", "forget"]);
});

test("consent that is withdrawn at another page is withdrawn here", () => {
  const { told, become, tell } = person();
  become("open", "peer");
  tell({ type: "consent_withdrawn", seat: "지원자_2" });
  assert.deepEqual(told, ["follow 1"]);
  tell({ type: "consent_withdrawn", seat: "지원자_1" });
  assert.deepEqual(told, ["follow 1", "forget"]);
  tell({ type: "consent_given", seat: "지원자_1" });
  assert.deepEqual(told, ["follow 1", "forget", "follow 1"]);
});

test("words may go on where consent ended, sound is forgotten", () => {
  const { told, become } = person();
  become("open", "peer");
  become("waiting", null);
  become("open", "socket", "no_media");
  assert.deepEqual(told, ["follow 1"]);
  become("open", "socket", "consent_required");
  assert.deepEqual(told, ["follow 1", "forget"]);
});

test("who is muted still sends what was said before, the muted time as silence", async () => {
  const { kept, taken, told, own, become, miss } = person();
  become("open", "peer");
  await kept.speak(20);
  own.toggleMute();
  assert.equal(told.at(-1), "muted true");
  await miss();
  assert.deepEqual([taken.length, own.state.resending], [1, "sent"]);
  own.toggleMute();
  assert.deepEqual([told.at(-1), own.state.resending], ["muted false", "sent"]);
});

test("who has withdrawn or left sends nothing again and keeps nothing", async () => {
  const { kept, taken, told, own, become, miss } = person();
  become("open", "peer");
  await kept.speak(20);
  own.withdraw();
  assert.equal(told.at(-1), "forget");
  become("open", "peer");
  await miss();
  assert.deepEqual([taken.length, told.at(-1)], [0, "forget"]);
  own.close();
  assert.equal(told.at(-1), "close");
});
