/** An interview of two servers, one of which goes away in the middle of it. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Deployment } from "./deployment.js";
import { PREFIX, Session } from "./server.js";
import { Stage } from "./stage.js";
import { textOf } from "./subscriber.js";
import { until } from "./waiting.js";
import { isOneOf } from "./words.js";

const SPEECH_MS = 60_000;
const JOURNEY_MS = 150_000;
/** Somebody whose server died is heard again within so many seconds, or this is worth a look. */
const DEATH_S = 20;
/** A server that stops says goodbye. */
const STOP_S = 5;
/** As in the deployment's settings: so long it goes on listening. */
const DRAIN_MS = 1000;
const NOTICE_MS = 30_000;
const VOICE = "applicant3";
const INTERVIEWER = "면접관_1";
const APPLICANT = "지원자_1";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "none" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
];
const FIRST_NOTE = "먼저 쓴 메모";
const SECOND_NOTE = "서버가 없을 때 쓴 메모";
/** A page may have a new connection before it has given up the old one. */
const TROUBLE = ["다시 연결하고 있습니다", "연결이 불안정합니다"];

/**
 * @typedef {import("./person.js").Person} Person
 * @typedef {import("./subscriber.js").UtteranceFinal} UtteranceFinal
 * @typedef {import("../../static/js/messages.js").JournalEvent} Event
 * @typedef {{captions: string[][], notes: string[], events: Event[]}} Record
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
 * @param {(interview: Interview) => Promise<number>} part Takes the holder away; returns when it
 *   heard something for the last time.
 * @param {number} limit_s For the applicant's absence.
 * @param {(interview: Interview, record: Record, parted_ms: number) => Promise<void>} [check] What
 *   else holds.
 */
function journey(name, part, limit_s, check = async () => undefined) {
  test(name, { timeout: JOURNEY_MS }, (t) =>
    stage.walk(name, async () => {
      const interview = await inMidSentence();
      const before = await pageOf(interview.interviewer);
      const parted_ms = await part(interview);
      await comeBack(interview, parted_ms);
      const record = await shownRecord(interview);
      assert.deepEqual(record.captions.slice(0, before.captions.length), before.captions);
      assert.deepEqual(record.notes, [FIRST_NOTE, SECOND_NOTE]);
      await check(interview, record, parted_ms);
      const away_s = (returnOf(record) - parted_ms) / 1000;
      t.diagnostic(`the applicant was not heard for ${away_s.toFixed(1)} s`);
      assert.ok(away_s < limit_s, `nobody heard them for ${away_s} s`);
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
  await Promise.all([
    interviewer.enter(session.roomUrl(INTERVIEWER)),
    applicant.enter(session.roomUrl(APPLICANT)),
  ]);
  await Promise.all([applicant, interviewer].map(watch));
  const { texts } = stage.voice(VOICE);
  const isUnderstood = () => subscriber.finals().some((each) => isOneOf(texts, textOf(each)));
  await until("a sentence", isUnderstood, SPEECH_MS);
  await interviewer.write("#note", FIRST_NOTE);
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
 * @param {number} parted_ms When the holder heard something for the last time.
 */
async function comeBack({ elsewhere, applicant, interviewer }, parted_ms) {
  const people = [applicant, interviewer];
  // Nobody else asks the other server for anything before they do.
  await Promise.all(people.map(isBack));
  const revived = stage.server.revive();
  const { texts } = stage.voice(VOICE);
  const said = await until(
    "words after the return",
    async () =>
      finalsOf(await journalOf(elsewhere)).find(
        (each) => startOf_ms(each) > parted_ms && isOneOf(texts, textOf(each)),
      ),
    SPEECH_MS,
  );
  await Promise.all([revived, interviewer.sees("#captions", textOf(said))]);
  assert.equal(await stage.server.holderOf(elsewhere.id), elsewhere.server);
  for (const person of people) {
    await person.sees("#connection", "연결됨");
    const told = await bannersOf(person);
    const isTrouble = (/** @type {string} */ text) => TROUBLE.some((words) => text.includes(words));
    assert.ok(told.some(isTrouble), told.join("; "));
    assert.ok(!told.some((text) => text.includes("새로고침")), told.join("; "));
    // What became of the words between is told for some seconds.
    await isBack(person);
  }
}

/** @param {Person} person */
function isBack(person) {
  const isOver = async () => (await bannersOf(person)).at(-1) === "";
  return until(`${person.name}'s return`, isOver, NOTICE_MS);
}

/**
 * @param {Interview} interview
 * @returns {Promise<Record>} Of the server that goes on; the interviewer's page shows the same.
 */
async function shownRecord({ elsewhere, interviewer }) {
  /** @type {Record | undefined} */
  let record;
  await until("a page that is up to date", async () => {
    const { captions } = await pageOf(interviewer);
    const events = await journalOf(elsewhere);
    record = { captions: captionsOf(events), notes: notesOf(events), events };
    // Somebody who speaks on may be understood between one look and the other.
    return captions.length >= record.captions.length;
  });
  const { captions, notes, events } = record ?? assert.fail();
  const page = await pageOf(interviewer);
  page.captions.length = captions.length;
  assert.deepEqual(page, { captions, notes, unsaved: [] });
  assert.equal(new Set(captions.map(([segment]) => segment)).size, captions.length);
  return { captions, notes, events };
}

/**
 * The page has sent again what the dead server took with it; all see that it came late.
 *
 * @param {Interview} interview
 * @param {Record} record
 */
async function checkSentAgain({ interviewer }, { events }) {
  const gaps = events.flatMap((each) => (each.type === "gap" ? [each] : []));
  assert.deepEqual(gaps, []);
  assert.ok(finalsOf(events).some((each) => each.is_late));
  await interviewer.sees("#captions .late", "늦게");
}

/** @param {Record} record @returns {number} When the applicant was back. */
function returnOf({ events }) {
  const joined = events.filter((each) => each.type === "joined" && each.seat === APPLICANT);
  return 1000 * (joined.at(-1)?.wall ?? assert.fail());
}

/** @param {Session} session @returns {Promise<Event[]>} As its server has them. */
async function journalOf({ server, id }) {
  const path = `${PREFIX}/interview/session/${id}/journal`;
  const lines = (await (await server.ask("GET", path)).text()).trim().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** @param {Event[]} events @returns {UtteranceFinal[]} */
function finalsOf(events) {
  return events.flatMap((each) => (each.type === "utterance_final" ? [each] : []));
}

/** @param {UtteranceFinal} final @returns {number} */
function startOf_ms({ start, at, wall }) {
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

/** @param {Person} person From now on their page notes what its banner says. */
function watch({ page }) {
  return page.evaluate(() => {
    /** @type {string[]} */
    const banners = [];
    const banner = document.querySelector(".banner") ?? document.body;
    const note = () => banners.push(banner.textContent ?? "");
    new MutationObserver(note).observe(banner, { childList: true, characterData: true, subtree: true });
    Object.assign(window, { banners });
  });
}

/** @param {Person} person @returns {Promise<string[]>} Since then; lost with the page. */
function bannersOf({ page }) {
  return page.evaluate(() => /** @type {any} */ (window).banners);
}

journey(
  "when a server dies in mid-sentence the other one goes on with the interview",
  async ({ session: { server }, interviewer }) => {
    const parted_ms = Date.now();
    await server.kill();
    await interviewer.write("#note", SECOND_NOTE);
    await interviewer.sees(".unsaved", SECOND_NOTE);
    return parted_ms;
  },
  DEATH_S,
  checkSentAgain,
);

journey(
  "when a server is stopped its interviews go on at the other one",
  async ({ session: { server }, interviewer }) => {
    const parted_ms = Date.now() + DRAIN_MS;
    const stopped = server.stop();
    await until("the news", async () => (await bannersOf(interviewer)).length);
    await interviewer.write("#note", SECOND_NOTE);
    await stopped;
    return parted_ms;
  },
  STOP_S,
);
