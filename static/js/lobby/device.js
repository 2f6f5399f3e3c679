/** The lobby's microphone: off, asked for, working, or explained. */

import { fill, h, tell } from "../dom.js";
import { microphoneBar } from "../microphone/bar.js";
import { browserOf } from "../microphone/browser.js";
import { openMicrophone } from "../microphone/microphone.js";
import { problemOf } from "../microphone/problem.js";
import { t } from "../texts/lobby.js";
import { adviceOn, adviceOnApp } from "./advice.js";
import { copyAddress } from "./copyaddress.js";
import { echoTest } from "./echotest.js";

/** @typedef {import("../microphone/microphone.js").Microphone} Microphone */

/** Fires `change` from its element: `microphone` is there, or is not. */
export class DeviceSection {
  element = h("section", { class: "card device-check", "aria-labelledby": "microphone-title" });
  /** @type {Microphone | null} */
  microphone = null;
  /** @type {import("../microphone/problem.js").ProblemKind | null} */
  #problem = null;
  #isAsking = false;
  #echo = new AbortController();
  #kind;
  #browser = browserOf(navigator.userAgent, navigator.maxTouchPoints);

  get hasProblem() {
    return this.#problem !== null || Boolean(this.microphone?.lostReason);
  }

  /** @param {import("../microphone/open.js").Kind} kind */
  constructor(kind) {
    this.#kind = kind;
    this.show();
  }

  /**
   * Opens the microphone, or makes sure that it works. Call it in a tap's handler.
   *
   * @returns {Promise<Microphone | null>} Null: it does not, and the section says why.
   */
  async open() {
    if (this.#isAsking) return null;
    if (this.microphone?.lostReason) await this.microphone.retry();
    if (this.microphone) return this.microphone.lostReason ? null : this.microphone;
    this.#isAsking = true;
    const opening = openMicrophone(this.#kind);
    this.show();
    try {
      this.microphone = await opening;
      this.#problem = null;
      for (const name of ["lost", "back"]) {
        this.microphone.addEventListener(name, () => tell(this.element, "change"));
      }
    } catch (error) {
      this.#problem = problemOf(error);
    }
    this.#isAsking = false;
    this.show();
    tell(this.element, "change");
    return this.microphone;
  }

  close() {
    this.microphone?.close();
    this.microphone = null;
  }

  /** Leaves the microphone open, for the room. */
  leave() {
    this.#echo.abort();
  }

  show() {
    this.#echo.abort();
    this.#echo = new AbortController();
    fill(
      this.element,
      h("h2", { id: "microphone-title" }, t("microphoneTitle")),
      ...(this.microphone ? this.#working(this.microphone) : this.#missing()),
    );
  }

  /** @param {Microphone} microphone @returns {HTMLElement[]} */
  #working(microphone) {
    return [microphoneBar(microphone), echoTest(microphone, this.#echo.signal)];
  }

  /** @returns {HTMLElement[]} */
  #missing() {
    const app = adviceOnApp(this.#browser);
    const warning = app && !this.#problem ? [this.#advice(app, "warn")] : [];
    if (this.#isAsking) return [...warning, h("p", { role: "status" }, t("asking"))];
    const open = (/** @type {"turnOn" | "retry"} */ words) =>
      h("button", { type: "button", id: "turn-on", onclick: () => void this.open() }, t(words));
    if (!this.#problem) return [...warning, h("p", {}, t("microphoneOff")), open("turnOn")];
    return [this.#advice(adviceOn(this.#problem, this.#browser), "bad"), open("retry")];
  }

  /** @param {import("./advice.js").Advice} advice @param {"warn" | "bad"} kind */
  #advice({ title, step }, kind) {
    return h(
      "div",
      { class: `advice ${kind}-side`, role: kind === "bad" ? "alert" : "note" },
      h("p", {}, h("strong", {}, t(title))),
      h("p", {}, t(step)),
      this.#browser.app && copyAddress(),
    );
  }
}
