/** People of an interview hear each other, and nobody hears themselves. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { heardAt, plays, SILENCE_DB } from "./ears.js";
import { allowListening, delays_ms, giveClicks, listenForClicks, quantile } from "./latency.js";
import { Stage } from "./stage.js";
import { pulses } from "./tones.js";
import { until } from "./waiting.js";

const CONNECT_MS = 30_000;
const JOURNEY_MS = 120_000;
const APPLICANT = "지원자_1";
const INTERVIEWER = "면접관_1";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "own" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
];
/** No overtone of one is near the other. */
const LOW_HZ = 620;
const HIGH_HZ = 2150;
/** A pulse is near -15 dB where it is heard. */
const HEARD_DB = -45;
/** Between somebody who is heard and somebody who is not. */
const APART_DB = 40;
const CLICKS = 12;

/** @typedef {import("./person.js").Person} Person */

/** @type {Stage} */
let stage;

before(
  async () => {
    stage = await Stage.open();
    stage.voices["low"] = pulses(stage.folder, LOW_HZ, 1.1);
    stage.voices["high"] = pulses(stage.folder, HIGH_HZ, 1.3);
  },
  { timeout: JOURNEY_MS },
);
after(() => stage?.close(), { timeout: JOURNEY_MS });

/**
 * @param {string} name
 * @param {(context: import("node:test").TestContext) => Promise<void>} walk
 */
function journey(name, walk) {
  test(name, { timeout: JOURNEY_MS }, (context) => stage.walk(name, () => walk(context)));
}

/** @param {object} terms Of the interview. */
async function meeting(terms = {}) {
  const session = await stage.server.create({ title: "들리는 면접", job: "개발", seats: SEATS, ...terms });
  const [subscriber, applicant, interviewer] = await Promise.all([
    session.subscribe(),
    stage.person("applicant", { voice: "low" }),
    stage.person("interviewer", { voice: "high" }),
  ]);
  await Promise.all([
    applicant.enter(session.roomUrl(APPLICANT)),
    interviewer.enter(session.roomUrl(INTERVIEWER)),
  ]);
  return { subscriber, applicant, interviewer };
}

/**
 * @param {Person} person
 * @param {number} voice_hz Of somebody whom they hear.
 * @returns {Promise<number>} How loud, in dB.
 */
function hears(person, voice_hz) {
  return until(
    `${person.name} to hear ${voice_hz} Hz`,
    async () => {
      const [level_db = SILENCE_DB] = await heardAt(person, [voice_hz]);
      return level_db > HEARD_DB ? level_db : null;
    },
    CONNECT_MS,
  );
}

/**
 * @param {Person} person
 * @param {number} voice_hz Of somebody whom they hear.
 * @param {number} other_hz Of somebody who speaks and whom they must not hear.
 * @returns {Promise<string>} How loud both are.
 */
async function hearsOnly(person, voice_hz, other_hz) {
  let told = "";
  // A machine that stands still makes clicks, which are at every pitch; echoes are there always.
  const isApart = async () => {
    const levels_db = await heardAt(person, [voice_hz, other_hz]);
    const [voice_db = SILENCE_DB, other_db = SILENCE_DB] = levels_db;
    const [voice, other] = [voice_db, other_db].map((level) => `${level.toFixed(0)} dB`);
    told = `${person.name} hears the other at ${voice}, themselves at ${other}`;
    return voice_db > HEARD_DB && voice_db - other_db >= APART_DB;
  };
  await until("them to be apart", isApart).catch((error) => {
    throw new Error(`${error.message}: ${told}`);
  });
  return told;
}

journey("two people hear each other and not themselves, and whoever mutes is not heard", async (context) => {
  const { subscriber, applicant, interviewer } = await meeting();
  // Both are on their way before anybody may be said not to hear themselves.
  const [applicant_db] = await Promise.all([
    hears(interviewer, LOW_HZ),
    hears(applicant, HIGH_HZ),
  ]);
  const told = await Promise.all([
    hearsOnly(interviewer, LOW_HZ, HIGH_HZ),
    hearsOnly(applicant, HIGH_HZ, LOW_HZ),
  ]);
  for (const each of told) context.diagnostic(each);
  for (const person of [applicant, interviewer]) {
    assert.ok(await plays(person), `${person.name}'s page plays it`);
  }
  await applicant.press("#sound");
  await until("the sound to be off", async () => !(await plays(applicant)));
  await applicant.press("#sound");
  await until("the sound to be on", () => plays(applicant));

  await applicant.press("#mute");
  await subscriber.until("muted", (each) => each.type === "muted" && each.track === APPLICANT);
  await interviewer.sees("#people", "음소거");
  await until("the interviewer not to hear who is muted", async () => {
    const [muted_db = SILENCE_DB] = await heardAt(interviewer, [LOW_HZ]);
    return muted_db <= applicant_db - APART_DB;
  });
  // One's own mute changes nothing about what one hears.
  await hears(applicant, HIGH_HZ);

  await applicant.press("#mute");
  await subscriber.until("unmuted", (each) => each.type === "unmuted" && each.track === APPLICANT);
  await hears(interviewer, LOW_HZ);
  subscriber.close();
});

journey("people who sit together are sent no voices", async () => {
  const { subscriber, applicant, interviewer } = await meeting({ hear_each_other: false });
  for (const seat of [APPLICANT, INTERVIEWER]) {
    await subscriber.until(
      `the server to hear ${seat}`,
      (each) => each.type === "level" && each.track === seat && each.level > -60,
      CONNECT_MS,
    );
  }
  for (const person of [applicant, interviewer]) {
    await person.sees("#connection", "연결됨");
    assert.ok(!(await plays(person)), `${person.name}'s page plays nothing`);
    for (const level_db of await heardAt(person, [LOW_HZ, HIGH_HZ])) {
      assert.ok(level_db < HEARD_DB - APART_DB, `${person.name} hears ${level_db.toFixed(0)} dB`);
    }
  }
  subscriber.close();
});

journey("what one says is heard soon", async (context) => {
  const session = await stage.server.create({ title: "지연", job: "개발", seats: SEATS });
  const [mouth, ear] = await Promise.all([
    stage.person("mouth"),
    stage.person("ear", { voice: "high" }),
  ]);
  await Promise.all([giveClicks(mouth), allowListening(ear)]);
  await Promise.all([
    mouth.enter(session.roomUrl(APPLICANT)),
    ear.enter(session.roomUrl(INTERVIEWER)),
  ]);
  await until("a stream", () => plays(ear), CONNECT_MS);
  await listenForClicks(ear);
  const late_ms = await until(
    `${CLICKS} clicks`,
    async () => {
      const all_ms = await delays_ms(mouth, ear);
      return all_ms.length >= CLICKS ? all_ms : null;
    },
    2 * CONNECT_MS,
  );
  const [p50, p95] = [0.5, 0.95].map((share) => quantile(late_ms, share).toFixed(0));
  // A machine that does other things besides says little about time; benchmarks do.
  context.diagnostic(`mouth to ear, ${late_ms.length} clicks: p50 ${p50} ms, p95 ${p95} ms`);
});
