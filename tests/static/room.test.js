/** Pure parts of the room's views: unsent notes, keys, and which rows are on the page. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { digit, shortcut } from "../../static/js/room/keys.js";
import { NoteKeeper } from "../../static/js/room/notekeeper.js";
import { around, earlier, follow, newest, NEWEST, ROWS, SLACK } from "../../static/js/room/rowwindow.js";

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

const KEY = { altKey: false, ctrlKey: false, metaKey: false, isComposing: false };

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
