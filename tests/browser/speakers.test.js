/** One microphone on the table and a panel around it: everybody gets their own words. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { PREFIX, PYTHON, ROOT } from "./server.js";
import { Stage } from "./stage.js";
import { textOf } from "./subscriber.js";
import { until } from "./waiting.js";
import { heardShare } from "./words.js";

const JOURNEY_MS = 240_000;
const SPEECH_MS = 120_000;
/** Some seconds aloud, then the models, which are loaded first. */
const READING_MS = 60_000;
const PANEL = "panel";
const OPERATOR = "면접관_1";

/**
 * @typedef {import("./server.js").Session} Session
 * @typedef {import("./subscriber.js").Subscriber} Subscriber
 * @typedef {{seat: string, text: string}} Sentence
 * @typedef {{file: string, duration_s: number, said: Sentence[], readings: Record<string, string>}} Panel
 */

/** @type {Stage} */
let stage;
/** @type {Panel} */
let panel;

before(
  async () => {
    stage = await Stage.open();
    const speak = ["-m", "tests.browser.panel", join(stage.folder, "panel")];
    panel = JSON.parse(execFileSync(PYTHON, speak, { cwd: ROOT, encoding: "utf8" }));
    const texts = panel.said.map(({ text }) => text);
    const every_s = panel.duration_s / texts.length;
    stage.voices[PANEL] = { file: panel.file, texts, every_s, pause_s: 1.2 };
  },
  { timeout: JOURNEY_MS },
);
after(() => stage?.close(), { timeout: JOURNEY_MS });

/** @param {string} text @returns {string | undefined} Who says that in the panel. */
function whoSays(text) {
  const shares = panel.said.map((each) => ({ ...each, share: heardShare(each.text, text) }));
  const best = shares.sort((one, other) => other.share - one.share)[0];
  return best && best.share >= 0.5 ? best.seat : undefined;
}

/** @param {Session} session @param {string} seat @param {string} reading Whose is learnt for it. */
async function enrol(session, seat, reading) {
  const path = `${PREFIX}/interview/session/${session.id}/voice`;
  const query = `seat=${encodeURIComponent(seat)}&agreed=yes`;
  const response = await fetch(`${stage.server.url}${path}?${query}`, {
    method: "POST",
    body: readFileSync(reading),
    headers: { "Content-Type": "application/octet-stream" },
  });
  assert.equal(response.status, 200, `${seat}: ${await response.clone().text()}`);
}

/** @param {Record<string, any>} result @returns {{speaker: string, text: string}[]} */
const lines = (result) => result["transcripts"];

/** @param {{speaker: string, text: string}[]} all @param {Record<string, string>} [taken] */
function check(all, taken = {}) {
  const known = all.map(({ speaker, text }) => ({ speaker, text, seat: whoSays(text) }));
  const told = known.filter(({ seat }) => seat !== undefined);
  assert.ok(told.length >= panel.said.length - 2, `${told.length} sentences were understood`);
  for (const { speaker, text, seat } of told) {
    assert.equal(speaker, taken[seat ?? ""] ?? seat, `“${text}”`);
  }
}

test("a panel at one microphone is written down by name, and a swap is put right", {
  timeout: JOURNEY_MS,
}, () => stage.walk("panel", async () => {
  const seats = Object.keys(panel.readings);
  const session = await stage.server.create({
    title: "회의실 면접",
    seats: seats.map((seat) => ({ seat, microphone: "room" })),
    operator_seat: OPERATOR,
  });
  const subscriber = await session.subscribe();
  // Two who were taken for each other when their voices were learnt.
  const [one, other] = [seats.at(-2) ?? "", seats.at(-1) ?? ""];
  const taken = { [one]: other, [other]: one };
  for (const seat of seats) {
    await enrol(session, seat, panel.readings[taken[seat] ?? seat] ?? "");
  }
  const [device, operator] = await Promise.all([
    stage.person("device", { voice: PANEL }),
    stage.person("operator"),
  ]);
  await operator.enter(session.roomUrl(OPERATOR));
  await device.enter(session.roomUrl(null), ".device-room");
  await operator.press("#confirm-room");
  await operator.agree();
  await until(
    "the last sentence of the panel",
    () => {
      const heard = subscriber.finals().map((final) => whoSays(textOf(final)));
      return seats.every((seat) => heard.filter((each) => each === seat).length >= 2);
    },
    SPEECH_MS,
  );
  assert.ok(
    subscriber.messages.some(({ type }) => type === "provisional_speaker"),
    "who speaks is shown while they speak",
  );
  check(lines(await session.result()), taken);

  // One action in the page: the two change places everywhere.
  const wrong = subscriber.finals().find((final) => whoSays(textOf(final)) === one);
  await swap(operator, wrong?.segments[0]?.segment ?? assert.fail(), one);
  await until("the swap in the record", async () => {
    const result = await session.result();
    return result["transcripts"].some(
      (/** @type {{speaker: string, text: string}} */ line) =>
        line.speaker === one && whoSays(line.text) === one,
    );
  });
  check(lines(await session.result()));

  await device.page.close();
  subscriber.send({ type: "session_end" });
  const isChecked = async () => Boolean((await session.result())["checked"]);
  await until("the whole interview to be heard once more", isChecked, SPEECH_MS);
  check(lines(await session.result()));
  const rttm = await session.server.ask("GET", `${PREFIX}/interview/session/${session.id}/export?format=rttm`);
  const speakers = new Set((await rttm.text()).trim().split("\n").map((line) => line.split(" ")[7]));
  for (const seat of seats) assert.ok(speakers.has(seat), `${seat} speaks in the export`);
}));

test("an applicant reads aloud in the lobby to be known by their voice, and is forgotten again", {
  timeout: JOURNEY_MS,
}, () => stage.walk("reading", async () => {
  const seat = "지원자_1";
  const session = await stage.server.create({ seats: [{ seat, microphone: "room" }] });
  const subscriber = await session.subscribe();
  const applicant = await stage.person("applicant", { voice: "applicant1", isPhone: true });
  await applicant.page.goto(session.roomUrl(seat));
  await applicant.press(".voice-step summary");
  await applicant.press('[data-voice="begin"]');
  await applicant.sees(".voice-status", "목소리를 등록했습니다", READING_MS);
  await subscriber.until("the voice", (each) => each.type === "voice_assigned" && each.seat === seat);
  await applicant.press('[data-voice="forget"]');
  await applicant.sees(".voice-status", "지웠습니다");
  await subscriber.until("its end", (each) => each.type === "voice_forgotten" && each.seat === seat);
  subscriber.close();
}));

/**
 * Two who were taken for each other change places.
 *
 * @param {import("./person.js").Person} person
 * @param {string} said Somebody's words in one of the lines that have the wrong name.
 * @param {string} other Whom they were taken for.
 */
async function swap({ page }, said, other) {
  const name = await page.waitForSelector(`#captions [data-key="${said}"] button.speaker`);
  await name?.evaluate((button) => /** @type {HTMLElement} */ (button).click());
  for (const choice of ['button[data-do="swap"]', `button[data-other="${other}"]`]) {
    const button = await page.waitForSelector(`dialog[open] ${choice}`, { visible: true });
    await button?.click();
  }
}
