/** Somebody at a page: what they press, type and read, and what their browser complains about. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./server.js";
import { until, within } from "./waiting.js";

const LOAD_MS = 20_000;
const SHOW_MS = 10_000;
const PICTURES = join(ROOT, "build/journeys");

export class Person {
  /** @type {string[]} Errors of the page: there should be none. */
  complaints = [];
  /** @type {RegExp[]} Errors that belong to the journey. */
  #expected = [];

  /**
   * @param {string} name
   * @param {import("puppeteer-core").Page} page
   * @param {boolean} isPhone
   */
  constructor(name, page, isPhone) {
    this.name = name;
    this.page = page;
    this.isPhone = isPhone;
    page.setDefaultTimeout(SHOW_MS);
    page.setDefaultNavigationTimeout(LOAD_MS);
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("console", (message) => {
      const text = message.text();
      const isExpected = this.#expected.some((pattern) => pattern.test(text));
      if (message.type() === "error" && !isExpected) this.complaints.push(text);
    });
    page.on("dialog", (dialog) => {
      // Leaving with unsaved words asks; anything else has no business here.
      if (dialog.type() !== "beforeunload") this.complaints.push(dialog.message());
      void dialog.accept();
    });
  }

  /** @param {RegExp} complaint Browsers report every request that fails, wanted or not. */
  expect(complaint) {
    this.#expected.push(complaint);
  }

  /**
   * @param {string} url The room; goes through its lobby, consenting where that is asked.
   * @param {string} [inside] What there is in the room.
   */
  async enter(url, inside) {
    await this.page.goto(url);
    await this.comeIn(inside);
  }

  async reload() {
    await this.page.reload();
    await this.comeIn();
  }

  async comeIn(inside = "#captions") {
    await this.page.waitForSelector("#enter", { visible: true });
    if (await this.page.$("#consent:not(:checked)")) await this.press("#consent");
    await this.press("#enter");
    await this.page.waitForSelector(inside);
  }

  /** @param {"granted" | "denied"} state Of this origin's microphone, as in the address bar. */
  async permit(state) {
    const { origin } = new URL(this.page.url());
    const permission = { name: "microphone" };
    await this.page.browserContext().setPermission(origin, { permission, state });
  }

  /** @param {string} selector */
  async press(selector) {
    const element = await this.page.waitForSelector(`${selector}:not(:disabled)`, {
      visible: true,
    });
    if (!element) throw new Error(`${this.name} has no ${selector}`);
    await (this.isPhone ? element.tap() : element.click());
  }

  /** Agrees to the question on the screen. */
  async agree() {
    await this.press('dialog[open] button[value="yes"]');
  }

  /** @param {string} selector @param {string} text Ends with Enter. */
  async write(selector, text) {
    await this.press(selector);
    await this.page.keyboard.type(text);
    await this.page.keyboard.press("Enter");
  }

  /** @param {string} selector @returns {Promise<string>} Empty while there is no such element. */
  text(selector) {
    const read = this.page.evaluate(
      (wanted) => document.querySelector(wanted)?.textContent ?? "",
      selector,
    );
    return within(`${this.name}'s ${selector}`, read, SHOW_MS);
  }

  /** @param {string} selector @param {string} text @param {number} [limit_ms] */
  async sees(selector, text, limit_ms) {
    let shown = "";
    const isThere = async () => (shown = await this.text(selector)).includes(text);
    const what = `“${text}” in ${this.name}'s ${selector}`;
    await until(what, isThere, limit_ms).catch((error) => {
      throw new Error(`${error.message}, which says “${shown}”`);
    });
  }

  /** @param {string} journey @returns {Promise<string>} The picture's file. */
  async picture(journey) {
    mkdirSync(PICTURES, { recursive: true });
    const file = join(PICTURES, `${journey} - ${this.name}.png`);
    await within("a picture", this.page.screenshot({ path: file }), SHOW_MS);
    return file;
  }
}
