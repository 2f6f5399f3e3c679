/** Corrections of one person: asked for, told, and taken back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { commandFor } from "../../static/js/speakers/commands.js";
import { Corrector } from "../../static/js/speakers/corrector.js";
import { isUndo } from "../../static/js/speakers/undo.js";
import "./paper.js";
import { settled } from "./clock.js";

/** A server that numbers what it keeps; a swap is two events. */
class Desk {
  /** @type {any[]} */
  sent = [];
  /** @type {{said: string, undo: (() => void) | null}[]} */
  told = [];
  /** @type {unknown[]} */
  refused = [];
  /** @type {Map<string, number[]>} */
  seqs = new Map();
  /** @type {unknown} */
  failure = null;
  #seq = 10;

  corrector = new Corrector({
    send: async (command, id) => {
      this.sent.push(command);
      if (this.failure) throw this.failure;
      if (command.type === "nothing") return { type: "done" };
      const seqs = command.type === "swap_voices" ? [++this.#seq, ++this.#seq] : [++this.#seq];
      this.seqs.set(id, seqs);
      return { type: "done", seq: seqs[0] };
    },
    seqsOf: (id) => this.seqs.get(id) ?? [],
    tell: (said, undo) => void this.told.push({ said, undo }),
    refuse: (error) => void this.refused.push(error),
  });
}

const SWAP = { type: "swap_voices", voice: "a", other: "b" };

test("a swap is taken back whole, and only once", async () => {
  const desk = new Desk();
  await desk.corrector.correct(SWAP, "바꿨습니다");
  assert.equal(desk.told[0]?.said, "바꿨습니다");
  desk.told[0]?.undo?.();
  desk.told[0]?.undo?.();
  await settled();
  assert.deepEqual(desk.sent.slice(1), [{ type: "retract", of: [11, 12] }]);
  assert.equal(desk.told[1]?.undo, null);
  assert.equal(desk.corrector.canUndo, false);
});

test("the key takes back the last correction, then the one before", async () => {
  const desk = new Desk();
  await desk.corrector.correct({ type: "edit_segment" }, "하나");
  await desk.corrector.correct({ type: "move_segment" }, "둘");
  await desk.corrector.undo();
  await desk.corrector.undo();
  await desk.corrector.undo();
  assert.deepEqual(desk.sent.slice(2).map(({ of }) => of), [[12], [11]]);
});

test("what changed nothing cannot be taken back", async () => {
  const desk = new Desk();
  await desk.corrector.correct({ type: "nothing" }, "그대로");
  assert.deepEqual(desk.told, [{ said: "그대로", undo: null }]);
  assert.equal(desk.corrector.canUndo, false);
});

test("what was refused is told, and an undo that failed can be tried again", async () => {
  const desk = new Desk();
  desk.failure = new Error("no");
  await desk.corrector.correct(SWAP, "바꿨습니다");
  assert.deepEqual([desk.told, desk.refused], [[], [desk.failure]]);
  desk.failure = null;
  await desk.corrector.correct(SWAP, "바꿨습니다");
  desk.failure = new Error("lost");
  await desk.corrector.undo();
  assert.equal(desk.corrector.canUndo, true);
});

test("a line alone is moved, a voice as a whole is named", () => {
  const target = { line: { key: "u1.1" }, voice: "a" };
  assert.deepEqual(commandFor(target, "지원자_1", false), { type: "move_segment", segment: "u1.1", seat: "지원자_1" });
  assert.deepEqual(commandFor(target, null, true), { type: "name_voice", voice: "a", seat: null });
  assert.equal(commandFor({ ...target, voice: null }, "지원자_1", true).type, "move_segment");
  assert.equal(commandFor({ line: null, voice: "a" }, "지원자_1", false).type, "name_voice");
});

test("Ctrl+Z and ⌘Z take back, other keys do not", () => {
  Object.assign(document, { querySelector: () => null });
  Object.assign(globalThis, { HTMLElement: globalThis.HTMLElement ?? class {} });
  const key = { code: "KeyZ", ctrlKey: false, metaKey: false, shiftKey: false, altKey: false, target: null };
  const pressed = (/** @type {object} */ more) => isUndo(/** @type {any} */ ({ ...key, ...more }));
  assert.deepEqual([{ ctrlKey: true }, { metaKey: true }].map(pressed), [true, true]);
  const others = [{}, { ctrlKey: true, shiftKey: true }, { ctrlKey: true, code: "KeyY" }];
  assert.deepEqual(others.map(pressed), [false, false, false]);
});
