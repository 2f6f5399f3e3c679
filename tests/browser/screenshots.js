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
 * Takes one page in every language and scheme.
 *
 * @param {Person} person
 * @param {string} name
 * @param {(person: Person) => Promise<void>} open
 */
async function takeAll(person, name, open) {
  for (const language of LANGUAGES) {
    await person.page.evaluateOnNewDocument((chosen) => {
      // An empty page has no storage.
      if (location.protocol === "http:") localStorage.setItem("language", chosen);
    }, language);
    for (const scheme of SCHEMES) {
      await person.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await open(person);
      const width = person.isPhone ? "360" : "1280";
      const file = join(FOLDER, `${name}-${width}-${language}-${scheme}.webp`);
      await person.page.screenshot({
        path: /** @type {`${string}.webp`} */ (file),
        type: "webp",
        quality: QUALITY,
      });
    }
  }
}

/** @param {string} url @param {string} ready @returns {(person: Person) => Promise<void>} */
function opened(url, ready) {
  return async ({ page }) => {
    // Another address first: a change of the fragment alone would load nothing.
    await page.goto("about:blank");
    await page.goto(url);
    await page.waitForSelector(ready, { visible: true });
  };
}

/** @param {string} url @param {string} first @returns {(person: Person) => Promise<void>} */
function seated(url, first) {
  return async (person) => {
    await person.page.goto("about:blank");
    await person.enter(url);
    await person.sees("#captions", first);
  };
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
    await takeAll(person, "start", opened(stage.server.url, "#sessions .session"));
    await takeAll(person, "lobby", opened(session.roomUrl("지원자_2"), "#enter"));
    await takeAll(person, "room-interviewer", seated(session.roomUrl("면접관_1"), first));
    await takeAll(person, "room-applicant", seated(session.roomUrl("지원자_2"), first));
    await person.page.goto("about:blank");
  }
  subscriber.send({ type: "session_end" });
  await subscriber.until("the end", ({ type }) => type === "session_ended", 30_000);
  for (const isPhone of [false, true]) {
    const person = await stage.person(isPhone ? "phone" : "desktop", { isPhone });
    await takeAll(person, "review", opened(session.roomUrl("면접관_1").replace("/room/", "/review/"), "#transcript > li"));
  }
  subscriber.close();
} finally {
  await stage.clear("screenshots", false);
  await stage.close();
}
