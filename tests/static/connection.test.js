/** The connection: doors that fail, commands that must not be lost, reasons to stop. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { pauseMs } from "../../static/js/connection/backoff.js";
import { Chooser } from "../../static/js/connection/chooser.js";
import { Refusal } from "../../static/js/connection/codes.js";
import { Connection } from "../../static/js/connection/connection.js";
import { newId } from "../../static/js/connection/ids.js";
import { LIMIT, Pending } from "../../static/js/connection/pending.js";
import { Clock, settled } from "./clock.js";

/** A server that opens doors, or refuses with the code in `refuse`. */
class Place {
  /** @type {{kind: string, sent: any[], listener: any, isClosed: boolean, doubted: number}[]} */
  doors = [];
  /** @type {Record<string, string | null>} */
  refuse = { peer: null, socket: null };
  isDead = false;
  /** Tries that nobody answers, by their signals; null: every try is answered at once. */
  /** @type {{signal: AbortSignal, answer: () => void}[] | null} */
  hanging = null;

  opener = (/** @type {"peer" | "socket"} */ kind) => async (/** @type {any} */ listener) => {
    if (this.hanging) {
      await new Promise((resolve) => {
        this.hanging?.push({ signal: listener.signal, answer: () => resolve(undefined) });
      });
    }
    const code = this.refuse[kind];
    if (code) throw new Refusal(code);
    const sent = /** @type {any[]} */ ([]);
    const door = { kind, sent, listener, isClosed: false, doubted: 0 };
    this.doors.push(door);
    return {
      kind,
      send: (/** @type {string} */ text) => void door.sent.push(JSON.parse(text)),
      close: () => void (door.isClosed = true),
      seemsDead: () => this.isDead,
      doubt: () => void (door.doubted += 1),
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

test("a question that is answered with the interview's end is the end", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const [subscribe] = place.last.sent;
  const error = { type: "error", code: "session_over", error: "", reply_to: subscribe.id };
  place.last.listener.message(error);
  assert.deepEqual([connection.phase, connection.code], ["stopped", "session_over"]);
  await clock.pass(60);
  assert.deepEqual([place.doors.length, place.last.isClosed], [1, true]);
});

test("any other refusal of a question ends nothing", async () => {
  const { place, connection } = setUp();
  await connection.start();
  const error = { type: "error", code: "bad_message", error: "", reply_to: place.last.sent[0].id };
  place.last.listener.message(error);
  assert.equal(connection.phase, "open");
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

test("a connection that falls silent is kept until another one stands", async () => {
  const { place, connection } = setUp();
  await connection.start();
  const first = place.last;
  place.hanging = [];
  first.listener.suspected(true);
  assert.equal(connection.isSuspect, true);
  assert.equal(connection.phase, "open");
  assert.equal(first.isClosed, false);
  place.hanging[0]?.answer();
  await settled();
  assert.equal(first.isClosed, true);
  assert.notEqual(place.last, first);
  assert.equal(connection.phase, "open");
  assert.equal(connection.isSuspect, false);
  assert.equal(place.last.sent[0].type, "subscribe");
});

test("a connection that is heard again is kept, and the new try given up", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const first = place.last;
  place.hanging = [];
  first.listener.suspected(true);
  const [tried] = place.hanging;
  first.listener.suspected(false);
  assert.equal(tried?.signal.aborted, true);
  tried?.answer();
  await clock.pass(1);
  assert.equal(place.last.isClosed, true);
  assert.equal(first.isClosed, false);
  assert.equal(connection.isSuspect, false);
  connection.command({ type: "session_end" }).catch(() => undefined);
  assert.equal(first.sent.at(-1).type, "session_end");
});

test("while nothing comes another connection is tried again and again", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  place.refuse.peer = "unreachable";
  place.last.listener.suspected(true);
  await clock.pass(2.5);
  place.refuse.peer = null;
  await clock.pass(1);
  assert.equal(place.doors.length, 2);
  assert.equal(connection.phase, "open");
});

test("a try that goes on when the silent connection is given up is the next connection", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  await clock.pass(60);
  const first = place.last;
  place.hanging = [];
  first.listener.suspected(true);
  first.listener.closed("lost");
  assert.equal(connection.phase, "waiting");
  await clock.pass(3);
  assert.equal(place.hanging.length, 1);
  place.hanging[0]?.answer();
  await settled();
  assert.equal(connection.phase, "open");
  assert.equal(first.isClosed, true);
});

test("being replaced by one's own next connection is no news", async () => {
  const { place, connection } = setUp();
  /** @type {string[]} */
  const phases = [];
  /** @type {any[]} */
  const told = [];
  await connection.start();
  connection.addEventListener("change", () => phases.push(connection.phase));
  connection.addEventListener("message", (event) => told.push(event));
  const first = place.last;
  place.hanging = [];
  first.listener.suspected(true);
  first.listener.message({ type: "error", code: "replaced", error: "" });
  first.listener.closed("lost");
  place.hanging[0]?.answer();
  await settled();
  assert.ok(phases.every((phase) => phase === "open"));
  assert.deepEqual(told, []);
});

test("a try that was given up too late ends no connection for good", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  const first = place.last;
  place.hanging = [];
  first.listener.suspected(true);
  first.listener.suspected(false);
  place.hanging = null;
  first.listener.message({ type: "error", code: "replaced", error: "" });
  first.listener.closed("lost");
  assert.equal(connection.phase, "waiting");
  await clock.pass(1);
  assert.equal(connection.phase, "open");
  await clock.pass(60);
  place.last.listener.message({ type: "error", code: "replaced", error: "" });
  place.last.listener.closed("lost");
  assert.deepEqual([connection.phase, connection.code], ["stopped", "replaced"]);
});

test("while the seat is held the pauses stay short", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  await clock.pass(60);
  let tries = 0;
  place.refuse.peer = "unreachable";
  connection.addEventListener("change", () => void (tries += 1));
  place.last.listener.closed("lost");
  await clock.pass(30);
  assert.ok(tries / 2 > 14, `${tries / 2}`);
  tries = 0;
  await clock.pass(60);
  assert.ok(tries / 2 < 12, `${tries / 2}`);
});

test("a new network ends a try that hangs, and doubts a connection that stands", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  connection.nudge(true);
  assert.equal(place.last.doubted, 1);
  assert.equal(connection.phase, "open");
  place.hanging = [];
  place.last.listener.closed("lost");
  await clock.pass(1);
  const [tried] = place.hanging;
  connection.nudge();
  assert.equal(tried?.signal.aborted, false);
  connection.nudge(true);
  assert.equal(tried?.signal.aborted, true);
  assert.equal(place.hanging.length, 2);
  place.hanging[1]?.answer();
  await settled();
  assert.equal(connection.phase, "open");
});

test("who has had sound is back with sound soon after words", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  await clock.pass(60);
  place.refuse.peer = "no_media";
  place.last.listener.closed("lost");
  await clock.pass(0.6);
  assert.equal(connection.door, "socket");
  place.refuse.peer = null;
  await clock.pass(2);
  assert.equal(connection.door, "peer");
});

test("a page that goes away gives up every try", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  place.hanging = [];
  place.last.listener.suspected(true);
  connection.rest();
  assert.equal(place.hanging[0]?.signal.aborted, true);
  place.hanging[0]?.answer();
  await clock.pass(60);
  assert.equal(place.hanging.length, 1);
  assert.ok(place.doors.every((door) => door.isClosed));
});

test("a try that was given up says nothing about peer connections", async () => {
  const { place, connection } = setUp();
  await connection.start();
  place.hanging = [];
  place.last.listener.suspected(true);
  place.last.listener.suspected(false);
  place.refuse.peer = "no_media";
  place.hanging[0]?.answer();
  await settled();
  place.hanging = null;
  place.refuse.peer = null;
  place.last.listener.closed("lost");
  await connection.start();
  assert.equal(connection.door, "peer");
});

test("a door that is lost takes the plans for a second one with it", async () => {
  const { clock, place, connection } = setUp();
  await connection.start();
  for (let i = 0; i < 4; i += 1) {
    place.last.listener.closed("lost");
    await clock.pass(4);
  }
  assert.equal(place.doors.length, 5);
  const last = place.last;
  place.refuse.peer = "unreachable";
  last.listener.suspected(true);
  await settled();
  last.listener.closed("lost");
  place.refuse.peer = null;
  // The pause is longer by now than the one between tries for a second door.
  await clock.pass(2);
  assert.deepEqual([place.doors.length, connection.phase], [5, "waiting"]);
  await clock.pass(60);
  assert.deepEqual([place.doors.length, connection.phase], [6, "open"]);
});
