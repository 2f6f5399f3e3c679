/** What a file of journeys shares: one server, the browsers, and whoever sits at them. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { giveVoice, openChromium, openFirefox, PHONE } from "./browsers.js";
import { noteWhatChannelsSend } from "./channels.js";
import { Person } from "./person.js";
import { pluggable } from "./plug.js";
import { PYTHON, ROOT, Server } from "./server.js";
import { within } from "./waiting.js";

const CLOSE_MS = 10_000;

/**
 * @typedef {import("puppeteer-core").Browser} Browser
 * @typedef {object} Voice
 * @property {string} file
 * @property {string[]} texts One after the other, over and over.
 * @property {number} every_s From the beginning of one to the next, on average.
 * @property {number} pause_s
 * @typedef {object} Equipment
 * @property {string} [voice] Who speaks into the microphone; without one the person is silent.
 * @property {boolean} [isPhone] A narrow touch screen.
 * @property {boolean} [isFirefox]
 * @typedef {{stop: () => Promise<void>, logs: readonly string[]}} Runs
 */

/**
 * An address of this machine that is not loopback: Firefox makes no peer connection to 127.0.0.1.
 *
 * @returns {string | undefined}
 */
export function ownAddress() {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return addresses.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
}

/** @template {Runs} [R=Server] */
export class Stage {
  /** @type {Map<string, Promise<Browser>>} */
  #browsers = new Map();
  /** @type {Person[]} */
  #people = [];
  /** @type {import("puppeteer-core").BrowserContext[]} */
  #contexts = [];

  /** @param {string} folder @param {R} server @param {Record<string, Voice>} voices */
  constructor(folder, server, voices) {
    this.folder = folder;
    this.server = server;
    this.voices = voices;
  }

  /**
   * @template {Runs} [R=Server]
   * @param {(folder: string) => Promise<R>} [start] What runs; without it one server.
   * @returns {Promise<Stage<R>>}
   */
  static async open(start) {
    const folder = mkdtempSync(join(tmpdir(), "daedam-journeys-"));
    const speak = ["-m", "tests.browser.voices", folder];
    const voices = JSON.parse(execFileSync(PYTHON, speak, { cwd: ROOT, encoding: "utf8" }));
    const server = start ? await start(folder) : await Server.start(folder);
    return new Stage(folder, /** @type {R} */ (/** @type {Runs} */ (server)), voices);
  }

  /** @param {string} name @returns {Voice} */
  voice(name) {
    const voice = this.voices[name];
    if (!voice) throw new Error(`nobody speaks as ${name}`);
    return voice;
  }

  /**
   * @param {string} name
   * @param {Equipment} [equipment]
   * @returns {Promise<Person>} At an empty page, with nothing stored from before.
   */
  async person(name, { voice, isPhone = false, isFirefox = false } = {}) {
    const wav = voice ? this.voice(voice).file : undefined;
    const browser = await this.#browser(isFirefox, wav);
    const downloadPath = this.downloads(name);
    const context = await browser.createBrowserContext(
      isFirefox ? {} : { downloadBehavior: { policy: "allow", downloadPath } },
    );
    this.#contexts.push(context);
    const person = await this.#window(context, name, isPhone);
    if (isFirefox && wav) await giveVoice(person.page, wav);
    return person;
  }

  /** @param {Person} person @returns {Promise<Person>} The same one, at one more tab. */
  tab({ name, page, isPhone }) {
    return this.#window(page.browserContext(), `${name}'s other tab`, isPhone);
  }

  /** @param {string} name @returns {string} The folder of what the person downloads. */
  downloads(name) {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /**
   * Walks a journey; then everybody leaves.
   *
   * @param {string} name
   * @param {() => Promise<void>} journey
   */
  async walk(name, journey) {
    let isFailed = true;
    try {
      await journey();
      isFailed = false;
    } finally {
      await this.clear(name, isFailed);
    }
  }

  /**
   * Everybody leaves.
   *
   * @param {string} journey
   * @param {boolean} isFailed Then their screens are kept.
   */
  async clear(journey, isFailed) {
    const people = this.#people.splice(0);
    if (isFailed) await Promise.allSettled(people.map((person) => person.picture(journey)));
    const contexts = this.#contexts.splice(0);
    const closing = Promise.all(contexts.map((context) => context.close()));
    await within("the pages to close", closing, CLOSE_MS);
    const complaints = people.flatMap(({ name, complaints: all }) =>
      all.map((complaint) => `${name}: ${complaint}`),
    );
    if (!isFailed) assert.deepEqual(complaints, [], "pages complained");
    else if (complaints.length) process.stderr.write(`${complaints.join("\n")}\n`);
  }

  async close() {
    const opened = await Promise.allSettled(this.#browsers.values());
    const browsers = opened.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    await Promise.allSettled(browsers.map((browser) => ended(browser)));
    await this.server.stop();
    for (const file of this.server.logs) {
      const log = readFileSync(file, "utf8");
      assert.ok(!log.includes("Traceback"), log);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  /**
   * @param {import("puppeteer-core").BrowserContext} context
   * @param {string} name
   * @param {boolean} isPhone
   */
  async #window(context, name, isPhone) {
    const page = await context.newPage();
    const person = new Person(name, page, isPhone);
    this.#people.push(person);
    if (isPhone) await page.emulate(PHONE);
    await page.evaluateOnNewDocument(noteWhatChannelsSend);
    await page.evaluateOnNewDocument(pluggable);
    return person;
  }

  /** @param {boolean} isFirefox @param {string | undefined} wav @returns {Promise<Browser>} */
  #browser(isFirefox, wav) {
    // Chromium's microphone belongs to the process, Firefox's to the page.
    const key = isFirefox ? "firefox" : `chromium ${wav}`;
    let browser = this.#browsers.get(key);
    if (!browser) {
      const profile = join(this.folder, `profile ${this.#browsers.size}`);
      browser = isFirefox ? openFirefox(profile) : openChromium(profile, wav);
      this.#browsers.set(key, browser);
    }
    return browser;
  }
}

/** @param {Browser} browser */
async function ended(browser) {
  try {
    await within("a browser to close", browser.close(), CLOSE_MS);
  } finally {
    browser.process()?.kill("SIGKILL");
  }
}
