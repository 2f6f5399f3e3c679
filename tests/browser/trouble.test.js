/** What goes wrong in an interview, and that it stays with the one to whom it happens. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Hostile } from "./hostile.js";
import { plug } from "./plug.js";
import { Stage } from "./stage.js";
import { Subscriber, textOf } from "./subscriber.js";
import { until } from "./waiting.js";
import { isOneOf } from "./words.js";

const SPEECH_MS = 60_000;
const JOURNEY_MS = 150_000;
/** A peer whose other side has died without a word is given up after some seconds. */
const NOTICE_MS = 30_000;
const VOICE = "applicant3";
const INTERVIEWER = "면접관_1";
const APPLICANT = "지원자_1";
const STRANGER = "지원자_2";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "none" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
  { seat: STRANGER, name: "최네오", microphone: "own" },
];

/**
 * @typedef {import("./person.js").Person} Person
 * @typedef {import("./subscriber.js").ServerMessage} ServerMessage
 */

/** @type {Stage} */
let stage;

before(async () => (stage = await Stage.open()), { timeout: JOURNEY_MS });
after(() => stage?.close(), { timeout: JOURNEY_MS });

/** @param {string} name @param {() => Promise<void>} walk */
function journey(name, walk) {
  test(name, { timeout: JOURNEY_MS }, () => stage.walk(name, walk));
}

/**
 * Waits until somebody is understood.
 *
 * @param {Subscriber} subscriber
 * @param {Person} reader Who reads it, too.
 * @param {number} [from_s] When they began to speak, at the earliest: now.
 */
async function heard(subscriber, reader, from_s = subscriber.now()) {
  const { texts } = stage.voice(VOICE);
  const final = await until(
    `a sentence after ${from_s.toFixed(1)} s`,
    () => subscriber.finals().find((each) => each.start >= from_s && isOneOf(texts, textOf(each))),
    SPEECH_MS,
  );
  const { segment } = final.segments[0] ?? assert.fail("a sentence has a segment");
  await reader.page.waitForSelector(`#captions [data-key="${segment}"]`);
  return final;
}

/** @param {Person} person @returns {Promise<string[]>} The captions on the page. */
function captionsOf({ page }) {
  return page.$$eval("#captions .caption", (rows) =>
    rows.map((row) => row.getAttribute("data-key") ?? ""),
  );
}

/** @param {Subscriber} subscriber @returns {string[]} The captions of the record so far. */
function captionsTold(subscriber) {
  return subscriber.finals().flatMap(({ segments }) => segments.map(({ segment }) => segment));
}

/** @param {Person} person @returns {Promise<string[]>} Their notes, without those on their way. */
function notesOf({ page }) {
  return page.$$eval("#notes .note .words", (rows) => rows.map((row) => row.textContent ?? ""));
}

/** @param {Subscriber} subscriber @returns {string[]} */
function notesTold(subscriber) {
  return subscriber.messages.flatMap((each) => (each.type === "note_added" ? [each.note] : []));
}

/** An interviewer and a talking applicant, whose microphone is heard. */
async function twoPeople() {
  const session = await stage.server.create({ title: "뜻밖의 일", job: "백엔드 개발", seats: SEATS });
  const subscriber = await session.subscribe();
  const [applicant, interviewer] = await Promise.all([
    stage.person("applicant", { voice: VOICE }),
    stage.person("interviewer"),
  ]);
  await Promise.all([
    interviewer.enter(session.roomUrl(INTERVIEWER)),
    applicant.enter(session.roomUrl(APPLICANT)),
  ]);
  await interviewerSees(interviewer, "들립니다");
  return { session, subscriber, applicant, interviewer };
}

/** @param {Person} person Whose page may have a new connection before it gives up the old one. */
function seesTrouble({ page }) {
  return page.waitForFunction(
    () => /다시 연결하고 있습니다|연결이 불안정합니다/.test(
      document.querySelector(".banner")?.textContent ?? "",
    ),
    { timeout: NOTICE_MS },
  );
}

/** @param {Person} interviewer @param {string} says What the applicant's line of the list says. */
function interviewerSees(interviewer, says) {
  return interviewer.sees("#people .voice-4", says, NOTICE_MS);
}

journey("a server that dies in mid-sentence and comes back costs no caption and no note", async () => {
  const { session, subscriber, applicant, interviewer } = await twoPeople();
  for (const { page } of [applicant, interviewer]) {
    await page.evaluate(() => Object.assign(window, { hasStayed: true }));
  }
  for (const person of [applicant, interviewer]) person.expect(/ERR_CONNECTION_REFUSED/);
  await heard(subscriber, interviewer, 0);
  await interviewer.write("#note", "먼저 쓴 메모");
  await subscriber.until("the first note", ({ type }) => type === "note_added");
  const end_s = subscriber.finals().at(-1)?.end ?? 0;
  await subscriber.until(
    "the middle of a sentence",
    (each) => each.type === "interim" && each.start >= end_s,
    SPEECH_MS,
  );
  await stage.server.kill();
  await interviewer.write("#note", "서버가 없을 때 쓴 메모");
  await interviewer.sees(".unsaved", "서버가 없을 때 쓴 메모");
  await Promise.all([
    ...[interviewer, applicant].map(seesTrouble),
    stage.server.restart(),
  ]);
  const witness = await session.subscribe();
  await Promise.all([
    interviewer.sees("#connection", "연결됨", NOTICE_MS),
    applicant.sees("#connection", "연결됨", NOTICE_MS),
  ]);
  await heard(witness, interviewer);

  const known = captionsTold(subscriber);
  assert.deepEqual(captionsTold(witness).slice(0, known.length), known);
  const told = captionsTold(witness);
  const shown = await captionsOf(interviewer);
  assert.deepEqual(shown.slice(0, told.length), told);
  assert.equal(new Set(shown).size, shown.length);
  assert.deepEqual(notesTold(witness), ["먼저 쓴 메모", "서버가 없을 때 쓴 메모"]);
  assert.deepEqual(await notesOf(interviewer), notesTold(witness));
  await interviewer.sees("#captions .late", "늦게", SPEECH_MS);
  for (const { page } of [applicant, interviewer]) {
    assert.ok(await page.evaluate(() => "hasStayed" in window), "the page was not loaded anew");
  }
  witness.close();
});

journey("of two tabs with one link the newer has it, and a seat belongs to one link", async () => {
  const session = await stage.server.create({ title: "두 창", seats: SEATS });
  const interviewer = await stage.person("interviewer");
  const url = session.roomUrl(INTERVIEWER);
  await interviewer.enter(url);
  await interviewer.sees("#connection", "연결됨");
  const other = await stage.tab(interviewer);
  await other.enter(url);
  await interviewer.sees(".banner", "다른 창이나 기기에서 이 링크로");
  await interviewer.sees("#connection", "연결 끊김");
  await other.sees("#connection", "연결됨");
  await interviewer.page.bringToFront();
  await interviewer.press(".banner button");
  await interviewer.sees("#connection", "연결됨");
  await other.sees(".banner", "다른 창이나 기기에서 이 링크로");

  const token = await session.invite({ seat: INTERVIEWER, name: "다른 사람" });
  const rival = await stage.person("rival");
  rival.expect(/status of 4\d\d|Unexpected response code: 4/);
  await rival.page.goto(session.roomUrl(INTERVIEWER, token));
  await rival.press("#consent"); // Theirs; that of whoever sits there is not.
  await rival.press("#enter");
  await rival.sees("#room", "다른 사람이 이미 이 자리에 있습니다");

  await interviewer.page.bringToFront();
  await interviewer.write("#note", "그대로 이어집니다");
  await until("the note", async () => (await notesOf(interviewer)).includes("그대로 이어집니다"));
});

journey("a microphone that is forbidden or unplugged is missed by all, and comes back", async () => {
  const { subscriber, applicant, interviewer } = await twoPeople();

  await applicant.permit("denied");
  await applicant.sees(".banner", "마이크 권한이 꺼졌습니다");
  await interviewerSees(interviewer, "끊김");
  await interviewer.write("#note", "마이크가 꺼진 동안");
  await subscriber.until("the note", ({ type }) => type === "note_added");
  await applicant.permit("granted");
  await heard(subscriber, interviewer);
  assert.equal(await applicant.text(".banner"), "");

  await plug(applicant.page, false);
  await applicant.sees(".banner", "마이크가 빠졌습니다");
  await interviewerSees(interviewer, "끊김");
  await plug(applicant.page, true);
  await heard(subscriber, applicant);
  await interviewerSees(interviewer, "들립니다");
  subscriber.close();
});

journey("who withdraws is not heard until they consent again", async () => {
  const { subscriber, applicant, interviewer } = await twoPeople();
  await applicant.press("#withdraw");
  await applicant.agree();
  await applicant.sees(".banner", "동의를 철회했습니다");
  await interviewerSees(interviewer, "동의 철회");
  const withdrawn = await subscriber.until("it", ({ type }) => type === "consent_withdrawn");
  const withdrawn_s = "at" in withdrawn ? withdrawn.at : 0;
  await subscriber.until("off", (each) => each.type === "microphone" && each.state === "off");
  const { every_s } = stage.voice(VOICE);
  await until("a whole sentence's time", () => subscriber.now() > withdrawn_s + every_s + 1);

  await applicant.press(".banner button");
  await applicant.comeIn();
  await heard(subscriber, interviewer, withdrawn_s + every_s);
  const { at: again_s } = subscriber.messages
    .flatMap((each) => (each.type === "consent_given" ? [each] : []))
    .at(-1) ?? assert.fail("no new consent");
  const between = subscriber
    .finals()
    .filter(({ start }) => withdrawn_s < start && start < again_s);
  assert.deepEqual(between.map(textOf), []);
  subscriber.close();
});

journey("a room microphone waits for the operator, and its words for somebody's name", async () => {
  const session = await stage.server.create({
    title: "회의실",
    seats: [
      { seat: INTERVIEWER, name: "김하나", microphone: "none" },
      { seat: APPLICANT, name: "박세나", microphone: "room" },
    ],
    operator_seat: INTERVIEWER,
  });
  const subscriber = await session.subscribe();
  const [device, operator] = await Promise.all([
    stage.person("device", { voice: VOICE }),
    stage.person("operator"),
  ]);
  await operator.enter(session.roomUrl(INTERVIEWER));
  await device.enter(session.roomUrl(null), ".device-room");
  await device.sees(".own", "운영자의 확인을 기다리고 있습니다");
  await operator.sees(".room-microphone", "박세나");
  assert.ok(!subscriber.messages.some(({ type }) => type === "microphone"), "it sends nothing yet");

  await operator.press("#confirm-room");
  await operator.agree();
  await device.sees(".own", "방 안의 말을 듣고 있습니다");
  const { segment } = (await heard(subscriber, operator, 0)).segments[0] ?? assert.fail();
  await operator.sees(`#captions [data-key="${segment}"] .who`, "미확인");
  // Its voice waits for a name, which one person gives it for all its lines.
  await operator.page.waitForSelector(".unnamed button", { timeout: SPEECH_MS });
  await operator.press(".unnamed button");
  await operator.press(`dialog[open] button[data-seat="${APPLICANT}"]`);
  await until("a line by name", () =>
    operator.page.$$eval("#captions .who", (all) =>
      all.some((who) => who.textContent?.includes("박세나")),
    ),
  );
  subscriber.close();
});

journey("whoever sends garbage, floods or never reads is alone with it", async () => {
  const { session, subscriber, applicant, interviewer } = await twoPeople();
  const link = { session: session.id, token: session.token(STRANGER) };
  const socket = await session.subscribe(link.token);
  const stranger = await stage.person("stranger");
  stranger.expect(/status of (403|422)/);
  await stranger.page.goto(`${stage.server.url}/`);
  const hostile = new Hostile(stranger.page, link);

  assert.deepEqual(await hostile.offerInVain(), { status: 403, code: "consent_required" });
  socket.send({ type: "consent" });
  const isTheirs = (/** @type {ServerMessage} */ each) =>
    each.type === "consent_given" && each.seat === STRANGER;
  await socket.until("their consent", isTheirs);
  const bad = { status: 422, code: "bad_offer" };
  assert.deepEqual(await hostile.offer("\u0000 garbage \uffff"), bad);
  assert.deepEqual(await hostile.offer(`v=0\r\n${"a=x:y\r\n".repeat(15_000)}`), bad);
  assert.deepEqual(await hostile.offerInVain(), { status: 200, code: null });
  // Asks and asks, and reads no answer.
  socket.socket.pause();
  for (let sent = 0; sent < 20_000; sent += 1) socket.send({ type: "subscribe" });
  const { answers, end } = await hostile.flood(20_000);
  assert.deepEqual(answers, ["bad_json", "bad_json", "unknown_type", "bad_message"]);
  assert.equal(end, "closed");
  await heard(subscriber, applicant);
  await interviewer.write("#note", "면접은 이어집니다");
  await until("the note", async () => (await notesOf(interviewer)).includes("면접은 이어집니다"));
  await applicant.sees("#connection", "연결됨");
  socket.socket.terminate();
  subscriber.close();
});
