/** The banner: one line about the connection and the sound, told once and without haste. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { all, ofRole } from "./paper.js";
import { bannerView } from "../../static/js/room/banner.js";
import { headerView } from "../../static/js/room/header.js";
import { NOTHING_YET, remembered, troubleOf } from "../../static/js/room/troubles.js";
import { t } from "../../static/js/texts/room.js";
import { t as say } from "../../static/js/texts/speakers.js";
import { event, JOIN, story } from "./messages.js";

const SEAT = "지원자_1";
const OWN = {
  hasMicrophone: true,
  isMuted: false,
  lost: null,
  hasWithdrawn: false,
  resending: "no",
};
const LINK = { phase: "open", door: "peer", code: null, reason: null, isSuspect: false };
const AWAY = { phase: "waiting", door: null };

/**
 * @param {{own?: object, link?: object, sound?: object | null, join?: object, messages?: any[],
 *   now_s?: number}} [changes]
 * @returns {any} An applicant's.
 */
function scene({ own, link, sound = null, join, messages = [], now_s = 0 } = {}) {
  return {
    state: story(messages),
    join: { ...JOIN, seat: SEAT, role: "applicant", roles: ["applicant"], ...join },
    own: { ...OWN, ...own },
    link: { ...LINK, ...link },
    sound,
    unsaved: [],
    now_s,
  };
}

/**
 * @param {...any} scenes One after the other, with a good connection before them.
 * @returns {string[]} What each says.
 */
function said(...scenes) {
  let past = remembered(NOTHING_YET, scene({ now_s: -1000 }));
  return scenes.map((one) => {
    past = remembered(past, one);
    return troubleOf(one, past)?.text ?? "";
  });
}

test("while all is well nothing is said", () => {
  assert.deepEqual(said(scene()), [""]);
  assert.deepEqual(said(scene({ link: { phase: "connecting", door: null } })), [""]);
});

test("an unsteady connection is told, and that the words are kept", () => {
  const link = { isSuspect: true };
  assert.deepEqual(said(scene({ link })), [`${t("unsteady")} ${t("unsteadyKept")}`]);
  const muted = scene({ link, own: { isMuted: true } });
  assert.deepEqual(said(muted), [`${t("unsteady")} ${t("unsteadyWait")}`]);
});

test("while reconnecting nobody is asked to reload, and the words are kept as long as that is true", () => {
  const kept = [t("lostConnection"), t("lostKept"), t("lostStay")].join(" ");
  const long = [t("lostConnection"), t("lostUnkept"), t("lostStay")].join(" ");
  const away = [10, 36, 38].map((now_s) => scene({ link: AWAY, now_s }));
  assert.deepEqual(said(...away), [kept, kept, long]);
  assert.doesNotMatch(kept + long, /새로고침/);
  const back = scene({ now_s: 42 });
  const again = scene({ link: AWAY, now_s: 50 });
  assert.deepEqual(said(...away, back, again).slice(-2), ["", kept], "each absence by itself");
});

test("words are kept no longer than since the last sound, whatever came in between", () => {
  const long = [t("lostConnection"), t("lostUnkept"), t("lostStay")].join(" ");
  const doubted = scene({ link: { isSuspect: true }, now_s: 5 });
  const inBetween = [{ link: { door: "socket" } }, { link: { phase: "connecting", door: null } }];
  for (const change of inBetween) {
    const story_ = [doubted, scene({ ...change, now_s: 20 }), scene({ link: AWAY, now_s: 33 })];
    assert.equal(said(...story_).at(-1), long);
  }
  const unsteady = [doubted, scene({ link: { isSuspect: true }, now_s: 33 })];
  assert.equal(said(...unsteady).at(-1), `${t("unsteady")} ${t("unsteadyWait")}`);
});

test("whose microphone sends nothing is promised nothing", () => {
  const plain = [t("lostConnection"), t("lostStay")].join(" ");
  const mutes = [
    { hasMicrophone: false },
    { isMuted: true },
    { lost: "unplugged" },
    { hasWithdrawn: true },
  ];
  for (const own of mutes) {
    assert.deepEqual(said(scene({ link: AWAY, own })), [plain]);
  }
});

test("nothing is promised of words that nobody could have heard before, either", () => {
  const plain = [t("lostConnection"), t("lostStay")].join(" ");
  const wordsOnly = scene({ link: { door: "socket" }, own: { hasMicrophone: false } });
  assert.deepEqual(said(wordsOnly, scene({ link: AWAY })), ["", plain]);
  assert.equal(troubleOf(scene({ link: AWAY }), NOTHING_YET)?.text, plain);
});

test("who takes notes is told of them while reconnecting", () => {
  const join = { roles: ["interviewer"] };
  const told = said(scene({ link: AWAY, join }), scene({ link: AWAY, join, own: { isMuted: true } }));
  const lines = [t("lostKeptBoth"), t("lostNotes")];
  assert.deepEqual(told, lines.map((line) => [t("lostConnection"), line, t("lostStay")].join(" ")));
});

test("words that are sent again are told from the loss on, and then no more", () => {
  const resending = (/** @type {string} */ how, /** @type {number} */ now_s) =>
    scene({ own: { resending: how }, now_s });
  const story_ = [
    scene({ link: AWAY, now_s: 5 }),
    resending("waiting", 6),
    resending("sending", 7),
    resending("sent", 8),
    resending("no", 13),
  ];
  const told = said(...story_).slice(1);
  assert.deepEqual(told, [t("resending"), t("resending"), t("resent"), ""]);
});

test("a hole that nobody noticed and that was filled is not worth a word", () => {
  const [sending, sent] = ["sending", "sent"].map((resending) => scene({ own: { resending } }));
  assert.deepEqual(said(sending, sent), ["", ""]);
});

test("words that could not be sent again are told, but not to a page that was loaded anew", () => {
  const failed = scene({ own: { resending: "failed" }, now_s: 1 });
  assert.deepEqual(said(scene({ link: AWAY }), failed).slice(1), [t("resendFailed")]);
  assert.deepEqual(said(failed), [""]);
});

/** Found out at 60 s of the session, which is this page's 0. @param {object} [changes] */
const gap = (changes) =>
  event("gap", { track: SEAT, start: 20, end: 58.4, reason: "reconnected", ...changes }, { at: 60 });

test("a gap of one's own is told for a while, with its length", () => {
  const after = [0, 11, 13].map((now_s) => scene({ messages: [gap()], now_s }));
  assert.deepEqual(said(...after), [t("wordsLost", { s: 38 }), t("wordsLost", { s: 38 }), ""]);
});

test("a gap that began before this page came is no news", () => {
  const after = scene({ messages: [gap()], now_s: 1 });
  assert.equal(troubleOf(after, remembered(NOTHING_YET, after)), null);
});

test("gaps of others, and tiny ones, are nobody's trouble", () => {
  for (const changes of [{ track: "면접관_1" }, { start: 58 }]) {
    assert.deepEqual(said(scene({ messages: [gap(changes)], now_s: 1 })), [""]);
  }
});

test("what the banner said about the device is not said again as a gap", () => {
  const unplugged = scene({ own: { lost: "unplugged" }, now_s: -3 });
  assert.deepEqual(said(unplugged, scene({ messages: [gap()], now_s: 1 })), [t("unplugged"), ""]);
});

test("sound that the browser refuses is one line with a button", () => {
  const one = scene({ sound: { isOn: true, isBlocked: true } });
  const trouble = troubleOf(one, NOTHING_YET);
  const { text, button, intent } = trouble ?? {};
  assert.deepEqual([text, button, intent], [t("soundBlocked"), t("soundPlay"), "hear"]);
  assert.deepEqual(said(scene({ sound: { isOn: true, isBlocked: false } }), scene()), ["", ""]);
});

test("the worst comes first", () => {
  const blocked = { isOn: true, isBlocked: true };
  const worse = [
    scene({ sound: blocked, own: { resending: "sent" } }),
    scene({ sound: blocked, messages: [gap()], now_s: 1 }),
    scene({ messages: [gap()], now_s: 1, link: { isSuspect: true } }),
    scene({ own: { lost: "denied" }, link: { isSuspect: true } }),
    scene({ own: { lost: "denied" }, link: AWAY }),
  ];
  const [first, ...rest] = said(...worse);
  assert.equal(first, t("soundBlocked"));
  assert.equal(rest[0], t("wordsLost", { s: 38 }));
  assert.ok(rest[1]?.startsWith(t("unsteady")));
  assert.equal(rest[2], t("denied"));
  assert.ok(rest[3]?.startsWith(t("lostConnection")));
});

test("a connection that was taken over offers the way back, and the end of the session nothing", () => {
  const stopped = (/** @type {string} */ code) =>
    troubleOf(scene({ link: { phase: "stopped", door: null, code } }), NOTHING_YET);
  assert.deepEqual([stopped("replaced")?.button, stopped("replaced")?.kind], [t("useHere"), "bad"]);
  assert.equal(stopped("session_over"), null);
});

test("what mends itself is told politely, what does not at once", () => {
  const view = bannerView();
  const [alert, status] = [ofRole(view.element, "alert"), ofRole(view.element, "status")];
  view.show(scene({ link: { isSuspect: true } }));
  assert.deepEqual([alert.textContent, status.getAttribute("aria-live")], ["", "polite"]);
  assert.ok(status.textContent.startsWith(t("unsteady")));
  view.show(scene({ own: { lost: "denied" } }));
  assert.deepEqual([alert.textContent, status.textContent], [t("denied"), ""]);
  view.show(scene());
  assert.equal(view.element.textContent, "");
});

test("a connection that comes and goes is read out once in a while only", () => {
  const view = bannerView();
  const status = ofRole(view.element, "status");
  const live = (/** @type {number} */ now_s) => {
    view.show(scene({ link: { isSuspect: true }, now_s }));
    const how = status.getAttribute("aria-live");
    view.show(scene({ now_s: now_s + 1 }));
    return how;
  };
  assert.deepEqual([live(0), live(5), live(50)], ["polite", "off", "polite"]);
});

test("the top line speaks up when all is well again, and leaves trouble to the banner", () => {
  const { element, show } = headerView();
  const [chip] = all(element, (one) => one.getAttribute("id") === "connection");
  const told = [{}, { isSuspect: true }, AWAY].map((link) => {
    show(scene({ link }));
    return [chip.textContent, chip.getAttribute("aria-live")];
  });
  const words = [[t("connected"), "polite"], [t("suspect"), "off"], [t("reconnecting"), "off"]];
  assert.deepEqual(told, words);
});

test("how late the captions are is told of a connection that there is", () => {
  const { element, show } = headerView();
  const [lag] = all(element, (one) => one.getAttribute("id") === "lag");
  const messages = [{ type: "lag", track: SEAT, final_s: 1.2, is_behind: false }];
  const hidden = [{}, AWAY, { phase: "stopped", door: null, code: "replaced" }].map((link) => {
    show(scene({ link, messages }));
    return lag.hidden;
  });
  assert.deepEqual(hidden, [false, true, true]);
});

test("who may put names right is told that voices are not told apart, others are not", () => {
  const interviewer = { seat: "면접관_1", role: "interviewer", roles: ["interviewer"] };
  const told = (/** @type {object} */ news, /** @type {object} */ changes = {}) =>
    said(scene({ join: interviewer, messages: [{ type: "speakers", track: "m1", reason: "", ...news }], ...changes }))[0];
  assert.match(told({ state: "off", reason: "missing" }) ?? "", new RegExp(say("off_missing")));
  assert.equal(told({ state: "behind" }), say("behindSpeakers"));
  assert.equal(told({ state: "on" }), "");
  assert.equal(told({ state: "off", reason: "missing" }, { join: {} }), "", "an applicant");
  assert.equal(told({ state: "off", reason: "missing" }, { now_s: 60 }), "", "old news");
});
