/** An interview from networks that let no sound out but through a TURN server. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Coturn } from "./coturn.js";
import { reachOnly, refusalsTo, routesOf } from "./relayed.js";
import { Server } from "./server.js";
import { Stage } from "./stage.js";
import { textOf } from "./subscriber.js";
import { until } from "./waiting.js";
import { isOneOf } from "./words.js";

const SPEECH_MS = 60_000;
const JOURNEY_MS = 150_000;
/** A page gives a peer connection ten seconds before it takes the other door. */
const FALLBACK_MS = 30_000;
const VOICE = "applicant3";
const APPLICANT = "지원자_1";
const INTERVIEWER = "면접관_1";
const COLLEAGUE = "면접관_2";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "none" },
  { seat: COLLEAGUE, name: "이두리", microphone: "none" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
];
const SECRET = "a secret shared with coturn";
/** RFC 8489, section 14.8. */
const UNAUTHORIZED = 401;

/** @type {Stage} */
let stage;
/** @type {Coturn} */
let coturn;
/** @type {Coturn} A TURN server that shares another secret with somebody else. */
let foreign;

before(
  async () => {
    stage = await Stage.open(async (folder) => {
      [coturn, foreign] = await Promise.all([
        Coturn.start(folder, SECRET),
        Coturn.start(folder, `not ${SECRET}`),
      ]);
      return Server.start(folder, {
        // Else the page's own address would be one more way.
        DAEDAM_BIND_ADDRESS: "127.0.0.1",
        DAEDAM_TURN_URLS: `${coturn.url},${coturn.url}?transport=tcp,${foreign.url}`,
        DAEDAM_TURN_SECRET: SECRET,
      });
    });
  },
  { timeout: JOURNEY_MS },
);
after(
  async () => {
    coturn?.stop();
    foreign?.stop();
    await stage?.close();
  },
  { timeout: JOURNEY_MS },
);

/**
 * @param {string} name
 * @param {string} url Of the only server that their network lets them reach.
 * @param {import("./stage.js").Equipment} [equipment]
 */
async function behindFirewall(name, url, equipment) {
  const person = await stage.person(name, equipment);
  await person.page.evaluateOnNewDocument(reachOnly, url);
  return person;
}

test("who is let out only to a TURN server is heard, over UDP and over TCP", { timeout: JOURNEY_MS }, () =>
  stage.walk("relay", async () => {
    const session = await stage.server.create({ title: "중계 면접", job: "개발", seats: SEATS });
    const subscriber = await session.subscribe();
    const [applicant, interviewer, colleague] = await Promise.all([
      behindFirewall("applicant", coturn.url, { voice: VOICE }),
      behindFirewall("interviewer", `${coturn.url}?transport=tcp`),
      behindFirewall("colleague", foreign.url),
    ]);
    await Promise.all([
      applicant.enter(session.roomUrl(APPLICANT)),
      interviewer.enter(session.roomUrl(INTERVIEWER)),
      colleague.enter(session.roomUrl(COLLEAGUE)),
    ]);

    const { texts } = stage.voice(VOICE);
    const said = await until(
      "a sentence",
      () => subscriber.finals().map(textOf).find((text) => isOneOf(texts, text)),
      SPEECH_MS,
    );
    await interviewer.sees("#captions", said);
    assert.deepEqual(await routesOf(applicant.page), [{ type: "relay", protocol: "udp" }]);
    assert.deepEqual(await routesOf(interviewer.page), [{ type: "relay", protocol: "tcp" }]);

    // Whom no TURN server takes reads on through the other door.
    await colleague.sees("#captions", said, FALLBACK_MS);
    assert.deepEqual(await routesOf(colleague.page), []);
    assert.ok((await refusalsTo(colleague.page)).includes(UNAUTHORIZED));
    subscriber.close();
  }),
);
