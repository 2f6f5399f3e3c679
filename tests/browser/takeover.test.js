/** An interview of two servers, one of which goes away in the middle of it. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Deployment } from "./deployment.js";
import { Session } from "./server.js";
import { Stage } from "./stage.js";
import { textOf } from "./subscriber.js";
import { until } from "./waiting.js";
import { isOneOf } from "./words.js";

const SPEECH_MS = 60_000;
const JOURNEY_MS = 150_000;
/** Somebody whose server died is heard again within so many seconds, or this is worth a look. */
const DEATH_S = 20;
/** A server that stops says so. */
const STOP_S = 8;
const VOICE = "applicant3";
const INTERVIEWER = "면접관_1";
const APPLICANT = "지원자_1";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "none" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
];
const RECONNECTING = "다시 연결하고 있습니다";

/**
 * @typedef {import("./person.js").Person} Person
 * @typedef {import("./server.js").Server} Server
 * @typedef {import("./subscriber.js").UtteranceFinal} UtteranceFinal
 * @typedef {import("../../static/js/messages.js").JournalEvent} Event
 * @typedef {[wall_ms: number, banner: string]} Shown
 * @typedef {object} Interview
 * @property {Session} session At the server that holds it.
 * @property {Session} elsewhere The same one, at the server that is going to.
 * @property {Person} applicant
 * @property {Person} interviewer
 */

/** @type {Stage<Deployment>} */
let stage;

before(async () => (stage = await Stage.open(Deployment.start)), { timeout: JOURNEY_MS });
after(() => stage?.close(), { timeout: JOURNEY_MS });

/**
 * @param {string} name
 * @param {(interview: Interview) => Promise<void>} go Takes the holder away.
 * @param {number} limit_s For the applicant's absence.
 */
function journey(name, go, limit_s) {
  test(name, { timeout: JOURNEY_MS }, (t) =>
    stage.walk(name, async () => {
      await stage.server.revive();
      const interview = await inMidSentence();
      const before = await pageOf(interview.interviewer);
      const left_ms = Date.now();
      await go(interview);
      await comeBack(interview, left_ms);
      const record = await same(interview);
      assert.deepEqual(record.captions.slice(0, before.captions.length), before.captions);
      assert.deepEqual(record.notes, ["먼저 쓴 메모", "서버가 없을 때 쓴 메모"]);
      const missed_s = missing(record, left_ms);
      const banners = await Promise.all([interview.applicant, interview.interviewer].map(bannersOf));
      const all=await Promise.all([interview.applicant, interview.interviewer].map(p=>p.page.evaluate(()=>/** @type {any} */(window).banners)));
      for (const b of all) for (const [w,x] of b) t.diagnostic(`${w-left_ms} ${x}`);
      for (const e of record.events) t.diagnostic(`${(e.wall*1000-left_ms)/1000} ${JSON.stringify(e).slice(0,200)}`);
      t.diagnostic(`the applicant was not heard for ${missed_s.toFixed(1)} s`);
      t.diagnostic(JSON.stringify(banners));
      assert.ok(missed_s < limit_s, `nobody heard them for ${missed_s} s`);
    }),
  );
}

/** @returns {Promise<Interview>} Some words are known, a note, and the beginning of a sentence. */
async function inMidSentence() {
  const session = await stage.server.create({ title: "두 서버", job: "개발", seats: SEATS });
  const other = stage.server.servers.find((server) => server !== session.server);
  const elsewhere = new Session(other ?? assert.fail(), session.id, session.links);
  const [subscriber, applicant, interviewer] = await Promise.all([
    session.subscribe(),
    stage.person("applicant", { voice: VOICE }),
    stage.person("interviewer"),
  ]);
  for (const p of [applicant, interviewer]) await p.page.evaluateOnNewDocument(() => {
    const states = /** @type {any} */ (window).states = /** @type {any[]} */ ([]);
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(/** @type {any} */ c) { super(c); this.addEventListener("connectionstatechange", () => states.push([Date.now(), this.connectionState, this.iceConnectionState])); this.addEventListener("iceconnectionstatechange", () => states.push([Date.now(), this.connectionState, this.iceConnectionState])); }
    };
  });
  await Promise.all([
    interviewer.enter(session.roomUrl(INTERVIEWER)),
    applicant.enter(session.roomUrl(APPLICANT)),
  ]);
  await Promise.all([applicant, interviewer].map(watch));
  const { texts } = stage.voice(VOICE);
  const isUnderstood = () => subscriber.finals().some((each) => isOneOf(texts, textOf(each)));
  await until("a sentence", isUnderstood, SPEECH_MS);
  await interviewer.write("#note", "먼저 쓴 메모");
  await subscriber.until("the first note", ({ type }) => type === "note_added");
  const end_s = subscriber.finals().at(-1)?.end ?? 0;
  await subscriber.until(
    "the middle of a sentence",
    (each) => each.type === "interim" && each.start >= end_s,
    SPEECH_MS,
  );
  subscriber.close();
  return { session, elsewhere, applicant, interviewer };
}

/**
 * Waits until all is as before, without anybody's doing.
 *
 * @param {Interview} interview
 * @param {number} left_ms When the holder went away.
 */
async function comeBack({ elsewhere, applicant, interviewer }, left_ms) {
  const { texts } = stage.voice(VOICE);
  const said = await until(
    "words after the return",
    async () =>
      finalsOf(await journalOf(elsewhere)).find(
        (each) => startedAt_ms(each) > left_ms && isOneOf(texts, textOf(each)),
      ),
    SPEECH_MS,
  );
  await interviewer.sees("#captions", textOf(said));
  console.log("DEBUG", await Promise.all([applicant, interviewer].map(p=>p.page.evaluate(()=>/** @type {any} */(window).banners)))); for (const e of await journalOf(elsewhere)) console.log((e.wall*1000-left_ms)/1000, JSON.stringify(e).slice(0,200));
  for (const p of [applicant, interviewer]) console.log(left_ms, JSON.stringify(await p.page.evaluate(()=>/** @type {any} */(window).states)));
  assert.equal(await stage.server.holderOf(elsewhere.id), elsewhere.server);
  await interviewer.sees("#captions .missing", "듣지 못했습니다");
  for (const person of [applicant, interviewer]) {
    await person.sees("#connection", "연결됨");
    assert.equal(await person.text(".banner"), "", `${person.name} is told of no trouble`);
    assert.ok(await person.page.evaluate(() => "banners" in window), "the page has stayed");
    for (const [, text] of await bannersOf(person)) assert.ok(text.includes(RECONNECTING), text);
  }
}

/**
 * @param {Interview} interview
 * @returns {Promise<{captions: string[][], notes: string[], events: Event[]}>} The record, once the
 *   interviewer's page shows the same.
 */
async function same({ elsewhere, interviewer }) {
  let page, record;
  for (let tries = 0; tries < 5; tries += 1) {
    page = await pageOf(interviewer);
    const events = await journalOf(elsewhere);
    record = { captions: captionsOf(events), notes: notesOf(events), events };
    const shown = page.captions.length;
    // Somebody who speaks on is understood between one look and the other.
    if (shown >= record.captions.length) break;
  }
  const { captions, notes, events } = record ?? assert.fail();
  assert.deepEqual(page, { captions, notes, unsaved: [] });
  assert.equal(new Set(captions.map(([segment]) => segment)).size, captions.length);
  return { captions, notes, events };
}

/**
 * @param {{events: Event[]}} record
 * @param {number} left_ms
 * @returns {number} For how many seconds the applicant was not heard.
 */
function missing({ events }, left_ms) {
  const gaps = events.flatMap((each) => (each.type === "gap" ? [each] : []));
  const [gap, ...more] = gaps.filter(({ track }) => track === APPLICANT);
  assert.ok(gap && !more.length, `one gap and not ${gaps.length}`);
  const finals = finalsOf(events);
  const before = finals.filter((each) => startedAt_ms(each) <= left_ms);
  const next = finals.find((each) => startedAt_ms(each) > left_ms) ?? assert.fail();
  assert.ok(gap.start >= (before.at(-1)?.end ?? Infinity), "it begins after the last words");
  assert.ok(gap.end <= next.start + 0.1, "it ends with the return");
  return (gap.end - gap.at) + (gap.wall - left_ms / 1000);
}

/** @param {Session} session @returns {Promise<Event[]>} As its server has them. */
async function journalOf({ server, id }) {
  const path = `/api/v1/realtime-interview/interview/session/${id}/journal`;
  const lines = (await (await server.ask("GET", path)).text()).trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** @param {Event[]} events @returns {UtteranceFinal[]} */
function finalsOf(events) {
  return events.flatMap((each) => (each.type === "utterance_final" ? [each] : []));
}

/** @param {UtteranceFinal} final @returns {number} */
function startedAt_ms({ start, at, wall }) {
  return 1000 * (wall - at + start);
}

/** @param {Event[]} events @returns {string[][]} Segment and words. */
function captionsOf(events) {
  return finalsOf(events).flatMap(({ segments }) =>
    segments.map(({ segment, words }) => [segment, words.map((word) => word[2]).join(" ")]),
  );
}

/** @param {Event[]} events @returns {string[]} */
function notesOf(events) {
  return events.flatMap((each) => (each.type === "note_added" ? [each.note] : []));
}

/** @param {Person} person What their page shows. */
function pageOf({ page }) {
  return page.evaluate(() => {
    const textOf = (/** @type {Element | null} */ element) => element?.textContent ?? "";
    const all = (/** @type {string} */ selector) => [...document.querySelectorAll(selector)];
    return {
      captions: all("#captions .caption").map((row) => [
        row.getAttribute("data-key") ?? "",
        textOf(row.querySelector(".words")),
      ]),
      notes: all("#notes .note .words").map(textOf),
      unsaved: all(".unsaved .words").map(textOf),
    };
  });
}

/** @param {Person} person From now on their page notes what its banner says, and when. */
function watch({ page }) {
  return page.evaluate(() => {
    /** @type {Shown[]} */
    const banners = [];
    const banner = document.querySelector(".banner") ?? document.body;
    new MutationObserver(() => banners.push([Date.now(), banner.textContent ?? ""])).observe(
      banner,
      { childList: true },
    );
    Object.assign(window, { banners });
  });
}

/** @param {Person} person @returns {Promise<Shown[]>} */
async function bannersOf({ page }) {
  /** @type {Shown[]} */
  const shown = await page.evaluate(() => /** @type {any} */ (window).banners);
  return shown.filter(([, text]) => text);
}

journey(
  "when a server dies in mid-sentence the other one goes on with the interview",
  async ({ session: { server }, interviewer }) => {
    await server.kill();
    await interviewer.write("#note", "서버가 없을 때 쓴 메모");
  },
  DEATH_S,
);

journey(
  "when a server is stopped its interviews go on at the other one",
  async ({ session: { server }, interviewer }) => {
    const stopped = server.stop();
    await interviewer.sees(".banner", RECONNECTING);
    await interviewer.write("#note", "서버가 없을 때 쓴 메모");
    await stopped;
  },
  STOP_S,
);
