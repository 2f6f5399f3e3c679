/** What people do in an interview, in the browsers they do it with. */

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { sentOverChannels } from "./channels.js";
import { ownAddress, Stage } from "./stage.js";
import { textOf } from "./subscriber.js";
import { until } from "./waiting.js";
import { isOneOf } from "./words.js";

const SPEECH_MS = 60_000;
const JOURNEY_MS = 150_000;
const APPLICANT = "지원자_1";
const INTERVIEWER = "면접관_1";
const COLLEAGUE = "면접관_2";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "none" },
  { seat: COLLEAGUE, name: "이두리", microphone: "none" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
];

/** @type {Stage} */
let stage;

before(async () => (stage = await Stage.open()), { timeout: JOURNEY_MS });
after(() => stage?.close(), { timeout: JOURNEY_MS });

/**
 * @param {string} name
 * @param {() => Promise<void>} walk
 * @param {string | false} [skip]
 */
function journey(name, walk, skip = false) {
  test(name, { timeout: JOURNEY_MS, skip }, () => stage.walk(name, walk));
}

/** @param {string} title */
function interview(title) {
  return stage.server.create({ title, job: "백엔드 개발", seats: SEATS });
}

/**
 * @param {import("./subscriber.js").Subscriber} subscriber
 * @param {string} voice
 * @returns {Promise<string>} The first sentence in which the voice was understood.
 */
async function understood(subscriber, voice) {
  const { texts } = stage.voice(voice);
  return until(
    `a sentence of ${voice}`,
    () => subscriber.finals().map(textOf).find((text) => isOneOf(texts, text)),
    SPEECH_MS,
  );
}

/**
 * Waits for the middle of a sentence, by the clock: a machine that is busy shows nothing of it yet.
 *
 * @param {import("./subscriber.js").Subscriber} subscriber
 * @param {string} voice
 * @returns {Promise<number>} The moment, in session seconds.
 */
async function midSentence(subscriber, voice) {
  const { every_s, pause_s } = stage.voice(voice);
  const middle = (every_s - pause_s) / 2;
  let moment = (subscriber.finals().at(-1)?.end ?? 0) + pause_s + middle;
  while (moment < subscriber.now()) moment += every_s;
  await until("the middle of a sentence", () => subscriber.now() >= moment, SPEECH_MS);
  return moment;
}

/**
 * @param {import("./subscriber.js").Subscriber} subscriber
 * @param {number} moment
 * @returns {Promise<string>} What was being said then.
 */
async function saidAt(subscriber, moment) {
  const final = await until(
    `what was said at ${moment.toFixed(1)} s`,
    () => subscriber.finals().find(({ start, end }) => start < moment && moment < end),
    SPEECH_MS,
  );
  return textOf(final);
}

journey("words and notes reach everybody, a reload loses nothing, and the files agree", async () => {
  const session = await interview("데스크톱 면접");
  const subscriber = await session.subscribe();
  const [applicant, interviewer, colleague] = await Promise.all([
    stage.person("applicant", { voice: "applicant1" }),
    stage.person("interviewer"),
    stage.person("colleague"),
  ]);
  await Promise.all([
    interviewer.enter(session.roomUrl(INTERVIEWER)),
    colleague.enter(session.roomUrl(COLLEAGUE)),
  ]);
  await applicant.enter(session.roomUrl(APPLICANT));

  const first = await understood(subscriber, "applicant1");
  for (const person of [applicant, interviewer, colleague]) await person.sees("#captions", first);

  const note = "침착하게 답합니다";
  await colleague.write("#note", note);
  await interviewer.sees("#notes", note);
  const sent = await sentOverChannels(colleague.page);
  assert.ok(sent.some((message) => message.includes(note)), "a note takes the data channel");
  assert.ok(!(await applicant.text("body")).includes(note), "an applicant reads no notes");

  const moment = await midSentence(subscriber, "applicant1");
  await interviewer.reload();
  await interviewer.sees("#captions", first);
  await interviewer.sees("#notes", note);
  const second = await saidAt(subscriber, moment);
  await interviewer.sees("#captions", second);

  await interviewer.press("#end");
  await interviewer.agree();
  await until("the review page", () => interviewer.page.url().includes("/review/"), 30_000);
  const { transcripts } = await session.result();
  const said = transcripts.map((/** @type {{text: string}} */ one) => one.text);
  assert.ok(said.includes(first) && said.includes(second));
  for (const text of said) await interviewer.sees("#transcript", text);
  await filesSay(interviewer, transcripts, note);
  subscriber.close();
});

journey("on phones the applicant is heard, and an interviewer reads, notes and ends", async () => {
  const session = await interview("휴대전화 면접");
  const subscriber = await session.subscribe();
  const [applicant, interviewer] = await Promise.all([
    stage.person("applicant", { voice: "applicant1", isPhone: true }),
    stage.person("interviewer", { isPhone: true }),
  ]);
  await interviewer.enter(session.roomUrl(INTERVIEWER));
  await applicant.enter(session.roomUrl(APPLICANT));
  const first = await understood(subscriber, "applicant1");
  await applicant.sees("#captions", first);
  await interviewer.sees("#captions", first);

  const moment = await midSentence(subscriber, "applicant1");
  await interviewer.reload();
  await interviewer.sees("#captions", first);
  await interviewer.sees("#captions", await saidAt(subscriber, moment));
  await interviewer.press('[data-tab="notes"]');
  await interviewer.write("#note", "차분합니다");
  await interviewer.sees("#notes", "차분합니다");

  await applicant.press("#withdraw");
  await applicant.agree();
  await subscriber.until("the consent to be withdrawn", ({ type }) => type === "consent_withdrawn");

  await interviewer.press("#end");
  await interviewer.agree();
  await until("the review page", () => interviewer.page.url().includes("/review/"), 30_000);
  await interviewer.sees("#transcript", first);
  subscriber.close();
});

journey(
  "an applicant with Firefox is heard, mutes, and reads the captions",
  async () => {
    const session = await interview("Firefox 면접");
    const subscriber = await session.subscribe();
    const applicant = await stage.person("applicant", { voice: "applicant2", isFirefox: true });
    await applicant.enter(session.roomUrl(APPLICANT));
    const first = await understood(subscriber, "applicant2");
    await applicant.sees("#captions", first);
    await applicant.press("#mute");
    await subscriber.until("muted", ({ type }) => type === "muted");
    await applicant.press("#mute");
    await subscriber.until("unmuted", ({ type }) => type === "unmuted");
    await applicant.press("#leave");
    await subscriber.until("the applicant to leave", ({ type }) => type === "left");
    subscriber.close();
  },
  ownAddress() ? false : "Firefox makes no peer connection on a machine with loopback alone",
);

/**
 * Downloads everything that the review page offers and compares it with the record.
 *
 * @param {import("./person.js").Person} person
 * @param {{text: string, speaker: string}[]} transcripts
 * @param {string} note
 */
async function filesSay(person, transcripts, note) {
  const folder = stage.downloads(person.name);
  const files = new Map();
  for (const [format, ending] of Object.entries({ json: "json", text: "txt", srt: "srt", vtt: "vtt" })) {
    await person.press(`#downloads [data-format="${format}"]`);
    const name = await until(`a .${ending} file`, async () =>
      (await readdir(folder)).find((each) => each.endsWith(`.${ending}`)),
    );
    assert.match(name, /^daedam-/);
    files.set(ending, await readFile(join(folder, name), "utf8"));
  }
  const texts = transcripts.map(({ text }) => text);
  const json = JSON.parse(files.get("json"));
  assert.deepEqual(json.transcripts, transcripts);
  assert.ok(JSON.stringify(json.speaker_notes).includes(note));
  assert.ok(files.get("txt").includes(note));
  const spoken = /** @type {const} */ ([
    ["txt", /^\[[\d:]+\] 지원자_1[^:]*: ([^(].*)$/gmu],
    ["srt", /^지원자_1[^:]*: (.*)$/gmu],
    ["vtt", /^<v 지원자_1[^>]*>(.*)$/gmu],
  ]);
  for (const [ending, line] of spoken) {
    const found = [...files.get(ending).matchAll(line)].map((match) => match[1]);
    assert.deepEqual(found, texts, `.${ending}`);
  }
}
