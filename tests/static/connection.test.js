/** The connection: doors that fail, commands that must not be lost, reasons to stop. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { pauseMs } from "../../static/js/connection/backoff.js";
import { Chooser } from "../../static/js/connection/chooser.js";
import { Refusal } from "../../static/js/connection/codes.js";
import { Connection } from "../../static/js/connection/connection.js";
import { newId } from "../../static/js/connection/ids.js";
import { LIMIT, Pending } from "../../static/js/connection/pending.js";

/** A clock that stands until it is told to go on. */
class Clock {
  #now_ms = 0;
  /** @type {Set<{at: number, action: () => void}>} */
  #timers = new Set();

  now = () => this.#now_ms / 1000;

  later = (/** @type {() => void} */ action, /** @type {number} */ ms) => {
    const timer = { at: this.#now_ms + ms, action };
    this.#timers.add(timer);
    return timer;
  };

  cancel = (/** @type {any} */ timer) => void this.#timers.delete(timer);

  /** @param {number} s */
  async pass(s) {
    const until = this.#now_ms + s * 1000;
    for (;;) {
      await settled();
      const due = [...this.#timers].sort((a, b) => a.at - b.at)[0];
      if (!due || due.at > until) break;
      this.#timers.delete(due);
      this.#now_ms = Math.max(this.#now_ms, due.at);
      due.action();
    }
    this.#now_ms = until;
    await settled();
  }
}

/** Lets every promise that can go on go on. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A server that opens doors, or refuses with the code in `refuse`. */
class Place {
  /** @type {{kind: string, sent: any[], listener: any, isClosed: boolean}[]} */
  doors = [];
  /** @type {Record<string, string | null>} */
  refuse = { peer: null, socket: null };
  isDead = false;

  opener = (/** @type {"peer" | "socket"} */ kind) => async (/** @type {any} */ listener) => {
    const code = this.refuse[kind];
    if (code) throw new Refusal(code);
    const door = { kind, sent: /** @type {any[]} */ ([]), listener, isClosed: false };
    this.doors.push(door);
    return {
      kind,
      send: (/** @type {string} */ text) => void door.sent.push(JSON.parse(text)),
      close: () => void (door.isClosed = true),
      seemsDead: () => this.isDead,
    };
  };

  get last() {
    const door = this.doors.at(-1);
    assert.ok(door, "no door was opened");
    return door;
  }
}

function setUp({ isSubscribing = true, hasSocket = true } = {}) {
  const clock = new Clock();
  const place = new Place();
  const socket = hasSocket ? place.opener("socket") : null;
  const chooser = new Chooser({ peer: place.opener("peer"), socket });
  const seq = { last: 0 };
  const lastSeq = () => seq.last;
  const connection = new Connection({ chooser, clock, random: () => 0.5, lastSeq, isSubscribing });
  return { clock, place, seq, connection };
}

test("pauses grow to eight seconds and are spread", () => {
  const longest = [0, 1, 2, 3, 4, 5, 50].map((attempt) => pauseMs(attempt, () => 1));
  assert.deepEqual(longest, [500, 1000, 2000, 4000, 8000, 8000, 8000]);
  assert.equal(pauseMs(4, () => 0), 4000);
});

test("ids are long, random and url-safe", () => {
  const ids = new Set(Array.from({ length: 200 }, newId));
  assert.equal(ids.size, 200);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{22,128}$/);
});

test("a connection subscribes after the last event it has", async () => {
  const { place, seq, connection } = setUp();
  seq.last = 41;
  await connection.start();
  assert.equal(connection.door, "peer");
  const [subscribe] = place.last.sent;
  assert.deepEqual([subscribe.type, subscribe.after_seq], ["subscribe", 41]);
});

test("a lost connection comes back by itself and goes on where it was", async () => {
  const { clock, place, seq, connection } = setUp();
  await connection.start();
  seq.last = 7;
  place.last.listener.closed("lost");
  assert.equal(connection.phase, "waiting");
  await clock.pass(1);
  assert.equal(connection.phase, "open");
  assert.equal(place.doors.length, 2);
  assert.equal(place.last.sent[0].after_seq, 7);
});

test("a door of an earlier try is not listened to any more", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const first = place.last;
  first.listener.closed("lost");
  await clock.pass(1);
  first.listener.closed("lost");
  first.listener.message({ type: "session_closed" });
  assert.equal(connection.phase, "open");
});

test("tries go on while the server cannot be reached, and at once when the network is back", async () => {
  const { clock, place, connection } = setUp();
  place.refuse.peer = "unreachable";
  await connection.start();
  await clock.pass(60);
  assert.equal(connection.phase, "waiting");
  place.refuse.peer = null;
  connection.nudge();
  await clock.pass(0);
  assert.equal(connection.phase, "open");
});

test("words go over the WebSocket when no peer connection comes up", async () => {
  const { place, connection } = setUp();
  place.refuse.peer = "no_media";
  await connection.start();
  assert.equal(connection.door, "socket");
});

test("the peer connection takes over when it comes up after all, without a gap", async () => {
  const { clock, place, seq, connection } = setUp();
  place.refuse.peer = "no_media";
  await connection.start();
  const socket = place.last;
  seq.last = 12;
  place.refuse.peer = null;
  await clock.pass(15);
  assert.equal(connection.door, "peer");
  assert.equal(socket.isClosed, true);
  assert.equal(place.last.sent[0].after_seq, 12);
});

test("a failing peer connection is tried less and less, and words never stop", async () => {
  const { clock, place, connection } = setUp();
  place.refuse.peer = "no_media";
  await connection.start();
  await clock.pass(600);
  assert.equal(connection.door, "socket");
  assert.equal(place.doors.length, 1);
});

test("what the browser cannot do is not tried again", async () => {
  const { clock, place, connection } = setUp();
  place.refuse.peer = "unsupported";
  await connection.start();
  place.refuse.peer = null;
  await clock.pass(600);
  assert.equal(connection.door, "socket");
});

test("a device that only sends sound never takes the WebSocket", async () => {
  const { place, connection } = setUp({ isSubscribing: false, hasSocket: false });
  place.refuse.peer = "no_media";
  await connection.start();
  assert.equal(connection.phase, "waiting");
  assert.deepEqual(place.doors, []);
});

for (const code of ["link_invalid", "seat_taken", "session_over", "unknown_session"]) {
  test(`${code} ends the tries`, async () => {
    const { clock, place, connection } = setUp();
    place.refuse.peer = code;
    await connection.start();
    await clock.pass(100);
    assert.deepEqual([connection.phase, connection.code], ["stopped", code]);
    place.refuse.peer = null;
    await connection.start();
    assert.equal(connection.phase, "open");
  });
}

test("a connection that is replaced stays away until the person wants it here", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  place.last.listener.message({ type: "error", code: "replaced", error: "elsewhere" });
  place.last.listener.closed("lost");
  await clock.pass(100);
  assert.deepEqual([connection.phase, connection.code], ["stopped", "replaced"]);
  assert.equal(place.doors.length, 1);
  await connection.start();
  assert.deepEqual([connection.phase, connection.code], ["open", null]);
});

test("the end of the session ends the connection", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  place.last.listener.message({ type: "session_closed", seq: 9 });
  await clock.pass(100);
  assert.deepEqual([connection.phase, connection.code], ["stopped", "session_over"]);
});

test("a command without an answer is sent again with the same id after a reconnect", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const saved = connection.command({ type: "speaker_note" }, { patience_s: 60 });
  const first = place.last.sent[1];
  place.last.listener.closed("lost");
  await clock.pass(1);
  const second = place.last.sent[1];
  assert.deepEqual(second, first);
  place.last.listener.message({ type: "note_saved", reply_to: first.id, seq: 3 });
  assert.equal((await saved).seq, 3);
  place.last.listener.closed("lost");
  await clock.pass(1);
  assert.equal(place.last.sent.length, 1, "an answered command is not sent again");
});

test("a command given while disconnected is sent once connected, and only once", async () => {
  const { place, connection } = setUp();
  const saved = connection.command({ type: "speaker_note" });
  await connection.start();
  const notes = place.last.sent.filter(({ type }) => type === "speaker_note");
  assert.equal(notes.length, 1);
  place.last.listener.message({ type: "note_saved", reply_to: notes[0].id });
  await saved;
});

test("a command that is not answered in time is given back", async () => {
  const { clock, connection } = setUp();
  const saved = connection.command({ type: "speaker_note" }, { patience_s: 30 });
  const refused = assert.rejects(saved, { code: "late" });
  await clock.pass(32);
  await refused;
});

test("a refusal of the server reaches whoever asked", async () => {
  const { place, connection } = setUp();
  await connection.start();
  const saved = connection.command({ type: "speaker_note" });
  const { id } = place.last.sent[1];
  place.last.listener.message({ type: "error", code: "too_large", error: "long", reply_to: id });
  await assert.rejects(saved, { code: "too_large", sentence: "long" });
  assert.equal(connection.phase, "open");
});

test("a server that restarts is asked again, not believed", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const saved = connection.command({ type: "speaker_note" }, { patience_s: 60 });
  const { id } = place.last.sent[1];
  place.last.listener.message({ type: "error", code: "shutting_down", error: "", reply_to: id });
  place.last.listener.closed("shutting_down");
  await clock.pass(1);
  place.last.listener.message({ type: "note_saved", reply_to: place.last.sent[1].id });
  await saved;
});

test("a mute that was meant for a lost connection is not sent to the next", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const muted = connection.command({ type: "mute" }, { isKept: false });
  const refused = assert.rejects(muted, { code: "lost" });
  place.last.listener.closed("lost");
  await refused;
  await clock.pass(1);
  assert.deepEqual(place.last.sent.map(({ type }) => type), ["subscribe"]);
});

test("what waits is given back when the connection stops for good", async () => {
  const { place, connection } = setUp();
  await connection.start();
  const saved = connection.command({ type: "speaker_note" });
  const refused = assert.rejects(saved, { code: "session_over" });
  place.last.listener.message({ type: "session_closed" });
  await refused;
});

test("no more than a hundred commands wait", async () => {
  const pending = new Pending();
  const terms = { until_s: 1 };
  const waiting = Array.from({ length: LIMIT }, (_, i) => pending.add(`${i}`, { type: "x" }, terms));
  await assert.rejects(pending.add("more", { type: "x" }, terms), { code: "overfull" });
  const all = Promise.allSettled(waiting);
  pending.abandon("left");
  assert.equal((await all).length, LIMIT);
});

test("a page that comes back looks whether its connection still lives", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  connection.nudge();
  assert.equal(connection.phase, "open");
  place.isDead = true;
  connection.nudge();
  assert.equal(connection.phase, "waiting");
  await clock.pass(1);
  assert.equal(place.doors.length, 2);
});

test("a page that goes away closes its door and keeps what is pending", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const saved = connection.command({ type: "speaker_note" }, { patience_s: 600 });
  connection.rest();
  assert.equal(place.last.isClosed, true);
  await clock.pass(60);
  assert.equal(place.doors.length, 1);
  await connection.start();
  place.last.listener.message({ type: "note_saved", reply_to: place.last.sent[1].id });
  await saved;
});
