/** An interview from a train that goes through a tunnel. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Server } from "./server.js";
import { Stage } from "./stage.js";
import { textOf } from "./subscriber.js";
import { Tunnel } from "./tunnel.js";
import { until } from "./waiting.js";
import { errorRate } from "./words.js";

const SPEECH_MS = 60_000;
const JOURNEY_MS = 150_000;
const RETURN_MS = 30_000;
const CUT_MS = 9000;
/** The same words differ a little every time they go through Opus and a small model. */
const MORE_ERRORS = 0.1;
/** Of a sentence; a wrong one differs in nearly every syllable. */
const OWN_ERRORS = 0.5;
const VOICE = "applicant1";
const APPLICANT = "지원자_1";
const INTERVIEWER = "면접관_1";
const SEATS = [
  { seat: INTERVIEWER, name: "김하나", microphone: "none" },
  { seat: APPLICANT, name: "박세나", microphone: "own" },
];

/**
 * @typedef {import("./person.js").Person} Person
 * @typedef {import("./subscriber.js").ServerMessage} ServerMessage
 * @typedef {import("./subscriber.js").Subscriber} Subscriber
 * @typedef {import("./subscriber.js").UtteranceFinal} UtteranceFinal
 */

/** @type {Stage} */
let stage;
/** @type {Tunnel} */
let tunnel;

before(
  async () => {
    // Else the page could find another way than the one through the tunnel.
    stage = await Stage.open((folder) =>
      Server.start(folder, { DAEDAM_BIND_ADDRESS: "127.0.0.1" }),
    );
    tunnel = Tunnel.dig(stage.server);
  },
  { timeout: JOURNEY_MS },
);
after(
  async () => {
    tunnel?.stop();
    await stage?.close();
  },
  { timeout: JOURNEY_MS },
);

test("a tunnel in mid-sentence loses no word and says none twice", { timeout: JOURNEY_MS }, (context) =>
  stage.walk("cut", async () => {
    const session = await stage.server.create({ title: "터널", job: "개발", seats: SEATS });
    const [subscriber, applicant, interviewer] = await Promise.all([
      session.subscribe(),
      stage.person("applicant", { voice: VOICE }),
      stage.person("interviewer"),
    ]);
    applicant.expect(/Failed to load resource|WebSocket connection/);
    await tunnel.lieBefore(applicant);
    const here = session.roomUrl(APPLICANT).replace(stage.server.url, await tunnel.url());
    await Promise.all([interviewer.enter(session.roomUrl(INTERVIEWER)), applicant.enter(here)]);
    await watch(applicant);

    await sentences(subscriber, 2);
    const cut_s = await midSentence(subscriber);
    await tunnel.cut();
    await new Promise((resolve) => setTimeout(resolve, CUT_MS));
    const open_s = subscriber.now();
    await tunnel.open();
    await subscriber.until("the tunnel to be noticed", isMissed);
    await until(
      "a sentence from behind the tunnel",
      () => subscriber.finals().some((each) => each.start > open_s && !each.is_late),
      RETURN_MS + SPEECH_MS,
    );
    const finals = subscriber.finals();

    checkWords(finals, cut_s, open_s, (told) => context.diagnostic(told));
    assert.deepEqual(subscriber.messages.filter(({ type }) => type === "gap"), []);
    await applicant.sees("#connection", "연결됨");
    for (const final of finals) await interviewer.sees("#captions", textOf(final));
    await until("no news of any trouble", async () => (await applicant.text(".banner")) === "");
    const told = await bannersOf(applicant);
    assert.ok(told.some(Boolean), "the applicant was told of the tunnel");
    assert.ok(!told.some((text) => text.includes("새로고침")), told.join("; "));
    subscriber.close();
  }),
);

/** @param {Subscriber} subscriber @param {number} count */
function sentences(subscriber, count) {
  const isEnough = () => subscriber.finals().length >= count;
  return until(`${count} sentences`, isEnough, SPEECH_MS);
}

/** @param {Subscriber} subscriber @returns {Promise<number>} The moment, in session seconds. */
async function midSentence(subscriber) {
  const end_s = subscriber.finals().at(-1)?.end ?? 0;
  const isOpen = (/** @type {ServerMessage} */ each) =>
    each.type === "interim" && each.start >= end_s && each.committed + each.tentative !== "";
  await subscriber.until("the middle of a sentence", isOpen, SPEECH_MS);
  return subscriber.now();
}

/** @param {ServerMessage} message @returns {boolean} That nothing comes from the applicant. */
function isMissed(message) {
  return message.type === "presence" && message.track === APPLICANT && message.state !== "here";
}

/**
 * One sentence after the other, each once, and as well understood as those before the tunnel.
 *
 * @param {UtteranceFinal[]} finals
 * @param {number} cut_s
 * @param {number} open_s
 * @param {(told: string) => void} tell
 */
function checkWords(finals, cut_s, open_s, tell) {
  const { texts } = stage.voice(VOICE);
  const said = finals.map((final) => {
    const errors = texts.map((text) => errorRate(text, textOf(final)));
    const error = Math.min(...errors);
    const { start, end, is_late } = final;
    return { which: errors.indexOf(error), error, start, end, is_late, text: textOf(final) };
  });
  const shown = said
    .map(({ start, end, is_late, text }) => `${start}-${end}${is_late ? " late" : ""} ${text}`)
    .join("\n");
  const story = `cut from ${cut_s.toFixed(1)} to ${open_s.toFixed(1)} s\n${shown}`;
  for (const line of story.split("\n")) tell(line);
  // Whoever comes in may do so in the middle of the first.
  for (const [i, { which, error, start, end, is_late }] of said.entries()) {
    if (i === 0) continue;
    assert.ok(error < OWN_ERRORS, `sentence ${i} was not said\n${story}`);
    if (i > 1) assert.notEqual(which, said[i - 1]?.which, `sentence ${i} came twice\n${story}`);
    // It takes the page some seconds to come back; what is said until then is late, too.
    if (start < open_s && end > cut_s) assert.ok(is_late, `sentence ${i} is not late\n${story}`);
    if (end <= cut_s) assert.ok(!is_late, `sentence ${i} is late\n${story}`);
  }
  const rate = (/** @type {boolean} */ isLate) => {
    const errors = said.slice(1).filter((each) => each.is_late === isLate);
    assert.ok(errors.length, `there are no sentences ${isLate ? "in" : "outside"} the tunnel`);
    return errors.reduce((sum, { error }) => sum + error, 0) / errors.length;
  };
  const [late, uncut] = [rate(true), rate(false)];
  tell(`errors: ${(100 * late).toFixed(1)} % in the tunnel, ${(100 * uncut).toFixed(1)} % outside`);
  assert.ok(late <= uncut + MORE_ERRORS, story);
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
