/**
 * `make screenshots`: every page as people see it, into docs/screenshots/, from a real interview
 * with generated voices. Wide and 360 px, Korean and English, light and dark.
 */

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "./server.js";
import { Stage } from "./stage.js";
import { until } from "./waiting.js";

const FOLDER = join(ROOT, "docs/screenshots");
const QUALITY = 70;
const SCHEMES = /** @type {const} */ (["light", "dark"]);
const LANGUAGES = /** @type {const} */ (["ko", "en"]);
const SEATS = [
  { seat: "면접관_1", name: "김하나", microphone: "none" },
  { seat: "면접관_2", name: "이두리", microphone: "none" },
  { seat: "지원자_1", name: "박세나", microphone: "own" },
  { seat: "지원자_2", name: "최네오", microphone: "own" },
];
const NOTES = ["경험을 숫자로 설명함", "동료와의 역할 분담을 물어볼 것"];

/** @typedef {import("./person.js").Person} Person */

/**
 * Takes one page in every language and scheme, as somebody sees it who switches.
 *
 * @param {Person} person
 * @param {string} name
 */
async function takeAll({ page, isPhone }, name) {
  const width = isPhone ? "360" : "1280";
  for (const language of LANGUAGES) {
    const shown = await page.evaluate(() => document.documentElement.lang);
    if (shown !== language) await page.click("#language");
    for (const scheme of SCHEMES) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      const file = `${name}-${width}-${language}-${scheme}.webp`;
      await page.screenshot({
        path: /** @type {`${string}.webp`} */ (join(FOLDER, file)),
        type: "webp",
        quality: QUALITY,
      });
    }
  }
  await page.click("#language");
}

/** @param {Person} person @param {string} url @param {string} ready */
async function show({ page }, url, ready) {
  await page.goto(url);
  await page.waitForSelector(ready, { visible: true });
}

const stage = await Stage.open();
try {
  await mkdir(FOLDER, { recursive: true });
  const session = await stage.server.create({
    title: "백엔드 개발자 면접",
    job: "백엔드 개발",
    seats: SEATS,
  });
  const subscriber = await session.subscribe();
  const talker = await stage.person("applicant", { voice: "applicant1" });
  await talker.enter(session.roomUrl("지원자_1"));
  const colleague = await stage.person("colleague");
  await colleague.enter(session.roomUrl("면접관_2"));
  for (const note of NOTES) await colleague.write("#note", note);
  await until("five sentences and an evaluation", () => {
    const seen = subscriber.messages.map(({ type }) => type);
    return seen.filter((type) => type === "utterance_final").length >= 5 && seen.includes("evaluation");
  }, 120_000);
  const first = subscriber.finals()[0]?.segments[0]?.words[0]?.[2] ?? "";
  for (const isPhone of [false, true]) {
    const person = await stage.person(isPhone ? "phone" : "desktop", { isPhone, voice: "applicant2" });
    await show(person, stage.server.url, "#sessions .session");
    await takeAll(person, "start");
    await show(person, session.roomUrl("지원자_2"), "#enter");
    await takeAll(person, "lobby");
    await person.comeIn();
    await person.sees("#captions", first);
    await person.page.waitForSelector(".own.good");
    await takeAll(person, "room-applicant");
    await person.page.goto("about:blank");
    await person.enter(session.roomUrl("면접관_1"));
    await person.sees("#captions", first);
    await takeAll(person, "room-interviewer");
    await person.page.goto("about:blank");
  }
  subscriber.send({ type: "session_end" });
  await subscriber.until("the end", ({ type }) => type === "session_ended", 30_000);
  for (const isPhone of [false, true]) {
    const person = await stage.person(isPhone ? "phone" : "desktop", { isPhone });
    const url = session.roomUrl("면접관_1").replace("/room/", "/review/");
    await show(person, url, "#transcript > li");
    await takeAll(person, "review");
  }
  subscriber.close();
} finally {
  await stage.clear("screenshots", false);
  await stage.close();
}
