/** Pure parts of the room's views: unsent notes, keys, and which rows are on the page. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { readFileSync } from "node:fs";

import { directionOf } from "../../static/js/connection/peerdoor.js";
import { digit, shortcut } from "../../static/js/room/keys.js";
import { levelWords } from "../../static/js/room/levels.js";
import { NoteKeeper } from "../../static/js/room/notekeeper.js";
import { MAX_NOTE_BYTES, noteShare } from "../../static/js/room/notesize.js";
import { ownWords } from "../../static/js/room/ownwords.js";
import { around, earlier, follow, newest, NEWEST, ROWS, SLACK } from "../../static/js/room/rowwindow.js";
import { event, JOIN, story } from "./messages.js";

class Store {
  /** @type {Map<string, string>} */
  #values = new Map();
  getItem = (/** @type {string} */ key) => this.#values.get(key) ?? null;
  setItem = (/** @type {string} */ key, /** @type {string} */ value) =>
    void this.#values.set(key, value);
}

const NOTE = { id: "n1", speaker: "지원자_1", note: "침착하다", media_at: 12.5 };

test("an unsent note and a draft survive a reload", () => {
  const store = new Store();
  const before = new NoteKeeper(store, "s");
  before.add(NOTE);
  before.write({ text: "아직 쓰는", about: "지원자_1", media_at: 30 });
  const after = new NoteKeeper(store, "s");
  assert.deepEqual(after.unsaved, [{ ...NOTE, status: "pending", why: "" }]);
  assert.equal(after.draft.text, "아직 쓰는");
});

test("notes of another session are not shown", () => {
  const store = new Store();
  new NoteKeeper(store, "s").add(NOTE);
  assert.deepEqual(new NoteKeeper(store, "other").unsaved, []);
});

test("a saved note is kept no longer, a failed one says why", () => {
  const keeper = new NoteKeeper(new Store(), "s");
  keeper.add(NOTE);
  keeper.mark("n1", "failed", "가득 찼습니다");
  assert.equal(keeper.unsaved[0]?.why, "가득 찼습니다");
  assert.equal(keeper.remove("n1")?.note, "침착하다");
  assert.deepEqual(keeper.unsaved, []);
});

test("a new note begins with the seat of the last", () => {
  const keeper = new NoteKeeper(null, "s");
  keeper.write({ text: "좋다", about: "지원자_1", media_at: 1 });
  keeper.add(NOTE);
  assert.deepEqual(keeper.draft, { text: "", about: "지원자_1", media_at: null });
});

test("storage that is forbidden or damaged costs nothing but the memory of the last page", () => {
  const forbidden = () => {
    throw new Error("denied");
  };
  const keeper = new NoteKeeper({ getItem: () => "{", setItem: forbidden }, "s");
  keeper.add(NOTE);
  assert.equal(keeper.unsaved.length, 1);
});

const KEY = { altKey: false, shiftKey: false, ctrlKey: false, metaKey: false, isComposing: false };

test("keys work in Korean input too, and never while somebody types", () => {
  assert.deepEqual(shortcut({ ...KEY, code: "KeyN", key: "ㅜ" }, false), { do: "note" });
  assert.deepEqual(shortcut({ ...KEY, code: "KeyM", key: "ㅡ" }, false), { do: "mute" });
  assert.deepEqual(shortcut({ ...KEY, code: "Slash", key: "/" }, false), { do: "note" });
  assert.equal(shortcut({ ...KEY, code: "KeyM", key: "m" }, true), null);
  assert.equal(shortcut({ ...KEY, code: "KeyN", key: "n", ctrlKey: true }, false), null);
});

test("Alt and a digit choose a seat even while somebody types", () => {
  const alt = { ...KEY, altKey: true };
  assert.deepEqual(shortcut({ ...alt, code: "Digit4", key: "4" }, true), { do: "seat", number: 4 });
  assert.equal(shortcut({ ...alt, code: "Digit7", key: "7" }, true), null);
  assert.equal(digit("Numpad6"), 6);
});

test("a digit is text while somebody types, and a seat's number anywhere else", () => {
  assert.equal(shortcut({ ...KEY, code: "Digit2", key: "2" }, true), null);
  assert.deepEqual(shortcut({ ...KEY, code: "Digit2", key: "2" }, false), { do: "seat", number: 2 });
  assert.deepEqual(shortcut({ ...KEY, code: "Numpad2", key: "2" }, false), { do: "seat", number: 2 });
  assert.equal(shortcut({ ...KEY, code: "Numpad2", key: "ArrowDown" }, false), null);
  assert.equal(shortcut({ ...KEY, code: "Digit2", key: "@", shiftKey: true }, false), null);
});

test("a note is measured as the server measures it", () => {
  const rest = JSON.stringify(["", null]).length;
  assert.equal(noteShare("a".repeat(MAX_NOTE_BYTES - rest)), 1);
  assert.ok(noteShare("a".repeat(MAX_NOTE_BYTES - rest + 1)) > 1);
  assert.ok(noteShare("가".repeat(13_000)) <= 1);
  assert.ok(noteShare("가".repeat(14_000)) > 1);
  assert.ok(noteShare("\n".repeat(21_000)) > 1, "a line break takes two bytes in JSON");
});

test("no level is given for mentions alone, and only nothing at all is too little", () => {
  assert.equal(levelWords(null, true), "noLevel");
  assert.equal(levelWords(null, false), "notEnough");
  assert.equal(levelWords(3, true), "level");
});

test("who has no microphone offers no sound", () => {
  assert.equal(directionOf(null), "recvonly");
  assert.equal(directionOf({}), "sendrecv");
});

test("the page's rules are for the page, not for whatever shares a class with it", () => {
  const css = readFileSync(new URL("../../static/style/room.css", import.meta.url), "utf8");
  assert.doesNotMatch(css, /(?:^|[\s,(])\.room(?![-\w])/m);
});

const HERE = { connection: "c1", role: "applicant", seat: "지원자_1", name: null };
const JOINED = event("joined", HERE);

/** @param {any[]} messages @param {object} [changes] @param {any} [join] @returns {any} */
function scene(messages, changes = {}, join = { ...JOIN, seat: "지원자_1", role: "applicant" }) {
  return {
    state: story([JOINED, { type: "caught_up", seq: 0 }, ...messages]),
    join,
    own: { hasMicrophone: true, isMuted: false, lost: null, hasWithdrawn: false },
    link: { phase: "open", door: "peer", code: null, reason: null },
    unsaved: [],
    now_s: 0,
    ...changes,
  };
}

test("an applicant is told that they are heard only on fresh news", () => {
  const open = { type: "microphone", track: "지원자_1", speaker: "지원자_1", state: "open" };
  assert.deepEqual(ownWords(scene([open])), { kind: "good", words: "youHeard" });
  assert.equal(ownWords(scene([open], { now_s: 5 })).words, "youChecking");
  assert.equal(ownWords(scene([])).words, "youConnecting");
});

test("while nothing comes from the server an applicant is not told that they are heard", () => {
  const open = { type: "microphone", track: "지원자_1", speaker: "지원자_1", state: "open" };
  const link = { phase: "open", door: "peer", code: null, reason: null, isSuspect: true };
  assert.equal(ownWords(scene([open], { link })).words, "youChecking");
});

test("while an interview ends its applicants are told so", () => {
  const off = { type: "microphone", track: "지원자_1", speaker: "지원자_1", state: "off" };
  const live = scene([off]);
  const ending = { ...live, state: { ...live.state, life: "ending" } };
  assert.equal(ownWords(ending).words, "youEnding");
});

test("a seat of the room is told that it is heard once the operator has confirmed", () => {
  const none = { hasMicrophone: false, isMuted: false, lost: null, hasWithdrawn: false };
  const told = (/** @type {any[]} */ ...messages) => {
    const one = scene(messages, { own: none });
    const seats = [{ seat: "지원자_1", name: null, microphone: "room" }];
    return ownWords({ ...one, state: { ...one.state, seats } });
  };
  const open = { type: "microphone", track: "m1", speaker: null, state: "open" };
  const confirmed = event("room_confirmed", {});
  assert.deepEqual(told(open), { kind: "calm", words: "youRoomUnconfirmed" });
  assert.deepEqual(told(confirmed), { kind: "calm", words: "youRoomSoon" });
  assert.deepEqual(told(open, confirmed), { kind: "good", words: "youRoom" });
});

test("old rows go only while the reader is at the bottom", () => {
  assert.equal(follow(NEWEST, ROWS + SLACK, true), NEWEST);
  assert.equal(follow(NEWEST, 5000, false), NEWEST);
  assert.deepEqual(follow(NEWEST, 5000, true), { from: 5000 - ROWS, to: null });
});

test("looking back moves the rows and keeps their number", () => {
  const first = earlier(newest(2000), 2000);
  assert.deepEqual(first, { from: 1250, to: 1750 });
  assert.deepEqual(earlier({ from: 100, to: null }, 400), { from: 0, to: null });
  assert.deepEqual(newest(2000), { from: 1500, to: null });
});

test("a line far back is shown among its neighbours", () => {
  const view = around(1000, 3000);
  assert.ok(view.from < 1000 && (view.to ?? 0) > 1000);
  assert.equal((view.to ?? 0) - view.from, ROWS);
  assert.deepEqual(around(2990, 3000), { from: 2500, to: null });
  assert.deepEqual(around(3, 10), { from: 0, to: null });
});
