/** An interview from a network that loses one packet in twenty. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Network } from "./network.js";
import { Server } from "./server.js";
import { Stage } from "./stage.js";
import { textOf } from "./subscriber.js";
import { until } from "./waiting.js";
import { isOneOf } from "./words.js";

const SPEECH_MS = 60_000;
const JOURNEY_MS = 150_000;
const VOICE = "applicant3";
const APPLICANT = "지원자_1";
const INTERVIEWER = "면접관_1";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "none" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
];
const LOSS = 0.05;
const SENTENCES = 3;

/** @type {Stage} */
let stage;
/** @type {Network} */
let network;

before(
  async () => {
    network = Network.start({ loss: LOSS, "jitter-ms": 15, reordered: 0.01, seed: 6 });
    // Else the page could find another way than the one through the network.
    stage = await Stage.open((folder) =>
      Server.start(folder, { DAEDAM_BIND_ADDRESS: "127.0.0.1" }),
    );
  },
  { timeout: JOURNEY_MS },
);
after(
  async () => {
    network?.stop();
    await stage?.close();
  },
  { timeout: JOURNEY_MS },
);

test("words that lose a packet in twenty on their way are still the words", { timeout: JOURNEY_MS }, () =>
  stage.walk("loss", async () => {
    const session = await stage.server.create({ title: "나쁜 망", job: "개발", seats: SEATS });
    const subscriber = await session.subscribe();
    const [applicant, interviewer] = await Promise.all([
      stage.person("applicant", { voice: VOICE }),
      stage.person("interviewer"),
    ]);
    await network.lieBefore(applicant);
    await Promise.all([
      interviewer.enter(session.roomUrl(INTERVIEWER)),
      applicant.enter(session.roomUrl(APPLICANT)),
    ]);

    const said = await until(
      `${SENTENCES} sentences`,
      () => (subscriber.finals().length >= SENTENCES ? subscriber.finals().map(textOf) : null),
      SPEECH_MS,
    );
    // Whoever comes in may do so in the middle of the first.
    for (const text of said.slice(1)) {
      assert.ok(isOneOf(stage.voice(VOICE).texts, text), `“${text}” was not said`);
    }
    for (const person of [applicant, interviewer]) {
      for (const text of said) await person.sees("#captions", text);
      await person.sees("#connection", "연결됨");
      assert.equal(await person.text(".banner"), "");
    }

    const { packets, lost } = await network.end();
    assert.ok(packets > 500, `only ${packets} packets went through the network`);
    assert.ok(lost / packets > LOSS / 2, `${lost} of ${packets} packets were lost`);
    subscriber.close();
  }),
);
