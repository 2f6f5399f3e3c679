/** The list of people: how everybody is connected and heard, in words. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { ofClass } from "./paper.js";
import { captionRow } from "../../static/js/room/captionrow.js";
import { peopleView } from "../../static/js/room/people.js";
import { receive, reconnected } from "../../static/js/state.js";
import { places } from "../../static/js/state/looks.js";
import { t } from "../../static/js/texts/room.js";
import { t as say } from "../../static/js/texts/speakers.js";
import { event, final, JOIN, story } from "./messages.js";

const SEAT = "지원자_1";
const HERE = { connection: "c1", role: "applicant", seat: SEAT, name: null };
const JOINED = event("joined", HERE);
const LOST = event("left", { connection: "c1", reason: "lost" });
const OPEN = { type: "microphone", track: SEAT, speaker: SEAT, state: "open" };

/** @param {string} state @param {number} [left_s] */
const presence = (state, left_s = 0) => ({ type: "presence", track: SEAT, state, left_s });

/** @param {any[]} messages */
const heard = (...messages) =>
  story([JOINED, { type: "caught_up", seq: 0 }, OPEN, ...messages]);

/** @param {any} state @param {number} [now_s] */
const place = (state, now_s = 0) => places(state, now_s).find(({ seat }) => seat === SEAT);

/** @param {any} state @param {number} [now_s] @returns {any} */
const scene = (state, now_s = 0) => ({ state, join: JOIN, now_s });

/** @param {any} state @param {number} [now_s] @returns {string} What is written beside the name. */
function written(state, now_s = 0) {
  const view = peopleView();
  view.show(scene(state, now_s));
  const rows = ofClass(view.element, "person");
  const row = rows.find((one) => one.textContent.includes("김하나"));
  return ofClass(row, "sound")[0].textContent;
}

test("nobody's connection is spoken of while it is well", () => {
  assert.equal(written(heard()), `${t("open")}${t("speaking")}`);
  assert.equal(place(heard(presence("suspect"), presence("here")))?.sound, "open");
});

test("a suspect connection is told in words, for as long as it is told", () => {
  const state = heard(presence("suspect"));
  assert.equal(written(state, 4), t("suspect"));
  assert.notEqual(place(state, 5)?.sound, "suspect", "that it is well again was lost on its way");
});

test("a lost connection is told with the seconds for which the seat is kept", () => {
  const state = heard(presence("held", 22.4), LOST);
  assert.deepEqual([place(state, 0)?.left_s, place(state, 10)?.left_s], [23, 13]);
  assert.equal(written(state, 10), `${t("held")} · ${t("heldFor", { s: 13 })}`);
  assert.equal(written(state, 23), t("left"), "its end was lost on its way");
});

test("whoever said goodbye has left, though the seat is kept for a while", () => {
  const state = heard(event("left", { connection: "c1", reason: "closed" }), presence("held", 29));
  assert.equal(place(state)?.left_s, null);
  assert.equal(written(state), t("left"));
});

test("a goodbye counts after an earlier loss, and a loss after an earlier goodbye", () => {
  const again = event("joined", { ...HERE, connection: "c2" });
  const goodbye = event("left", { connection: "c2", reason: "closed" });
  assert.equal(place(heard(LOST, again, goodbye, presence("held", 29)))?.sound, "left");
  const first = event("left", { connection: "c1", reason: "closed" });
  const back = event("joined", { ...HERE, connection: "c2" });
  const lost = event("left", { connection: "c2", reason: "lost" });
  assert.equal(place(heard(first, back, lost, presence("held", 29)))?.sound, "held");
});

test("the seconds go on without the list being made anew", () => {
  const view = peopleView();
  const state = heard(LOST, presence("held", 20));
  view.show(scene(state, 0));
  const [row] = ofClass(view.element, "voice-4");
  view.show(scene(state, 3));
  assert.equal(ofClass(view.element, "voice-4")[0], row);
  assert.ok(row.textContent.includes(t("heldFor", { s: 17 })), row.textContent);
});

test("whoever does not come back has left", () => {
  const away = heard(LOST, presence("held", 20));
  assert.equal(written(receive(away, /** @type {any} */ (presence("gone")), 9), 9), t("left"));
});

test("whoever comes back is no longer missed", () => {
  const back = heard(LOST, presence("held", 20), event("joined", { ...HERE, connection: "c2" }), OPEN);
  assert.equal(place(back)?.sound, "open");
});

test("the page's own new connection knows of nobody's trouble yet", () => {
  assert.deepEqual(reconnected(heard(LOST, presence("held", 20))).presences, {});
});

test("microphones that are lost, silent or muted are told as ever", () => {
  for (const state of /** @type {const} */ (["lost", "silent"])) {
    assert.equal(written(heard({ ...OPEN, state })), t(state));
  }
  assert.equal(written(heard(event("muted", { track: SEAT }))), t("muted"));
});

test("what one microphone is asked to send again changes nothing that is seen", () => {
  const state = heard();
  const missed = { type: "missed", track: SEAT, start: 1, end: 2, now: 3 };
  assert.equal(receive(state, /** @type {any} */ (missed), 5), state);
});

test("words that came late say so, others do not", () => {
  const late = { ...final("u1", 1, 2, "늦은 말"), is_late: true };
  const { lines } = story([late, final("u2", 3, 4, "제때 한 말")]);
  const marks = lines.map((line) => {
    const row = captionRow(story([]), line);
    return ofClass(row, "late").map((one) => one.textContent);
  });
  assert.deepEqual(marks, [[t("lateWords")], []]);
});

test("whose voice was learnt is written beside the name, until it is forgotten", () => {
  const view = peopleView();
  const marks = (/** @type {any} */ state) => {
    view.show(scene(state));
    return ofClass(view.element, "learnt").map((mark) => mark.textContent);
  };
  assert.deepEqual(marks(heard()), []);
  const learnt = heard(event("voice_assigned", { voice: "a", seat: SEAT, reason: "enrolment" }));
  assert.deepEqual(marks(learnt), [say("learnt")]);
  assert.deepEqual(marks(story([event("voice_forgotten", { seat: SEAT })], learnt)), []);
});
