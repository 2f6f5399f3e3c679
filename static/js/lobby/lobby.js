/** Before the room: the notice, consent, the microphone, and one tap to enter. */

import { ApiError } from "../api.js";
import { ask } from "../connection/ask.js";
import { fill, h } from "../dom.js";
import { isDirecting } from "../room/scene.js";
import { errorText } from "../texts/errors.js";
import { t } from "../texts/lobby.js";
import { DeviceSection } from "./device.js";
import { entry } from "./entry.js";
import { isAsked as isKeepingAsked, keepingQuestion } from "./keeping.js";
import { consentQuestion, head, notice } from "./notice.js";
import { kindOf, planOf } from "./plan.js";
import { VoiceStep } from "./voicestep.js";

/**
 * @typedef {import("../room/scene.js").Join} Join
 * @typedef {import("../microphone/microphone.js").Microphone} Microphone
 * @typedef {{microphone: Microphone | null, join: Join}} Ticket
 */

/**
 * Shows the lobby until the person enters. By then their consent is recorded where it was asked.
 *
 * @param {HTMLElement} root
 * @param {Join} join
 * @returns {Promise<Ticket>}
 */
export function lobby(root, join) {
  return new Promise((resolve) => new Lobby(root, join, resolve));
}

class Lobby {
  #plan;
  #device;
  #voice;
  #isChecked = false;
  #isKeeping;
  #isEntering = false;
  #message = "";
  #listeners = new AbortController();
  /** @type {ReturnType<typeof entry> | null} */
  #entry = null;
  #root;
  #join;
  #resolve;

  /** @param {HTMLElement} root @param {Join} join @param {(ticket: Ticket) => void} resolve */
  constructor(root, join, resolve) {
    this.#root = root;
    this.#join = join;
    this.#resolve = resolve;
    this.#plan = planOf(join);
    this.#isKeeping = join.keep_audio === true;
    const kind = kindOf(this.#plan, join);
    this.#device = kind ? new DeviceSection(kind) : null;
    const device = () => this.#device?.open() ?? Promise.resolve(null);
    this.#voice = join.seat ? new VoiceStep(join, join.seat, device) : null;
    const { signal } = this.#listeners;
    document.addEventListener("languagechange", () => this.#mount(), { signal });
    root.addEventListener("enter", (event) => {
      void this.#enter(/** @type {CustomEvent} */ (event).detail.isSilent);
    }, { signal });
    this.#device?.element.addEventListener("change", () => this.#show(), { signal });
    this.#mount();
  }

  #mount() {
    const isAsked = this.#plan.consent === "ask";
    const question = isAsked ? consentQuestion(this.#isChecked) : null;
    question?.box.addEventListener("change", () => {
      this.#isChecked = question.box.checked;
      this.#become({ message: "" });
    });
    const keeping = this.#keeping();
    this.#device?.show();
    this.#voice?.show();
    this.#entry = entry(this.#plan, isDirecting(this.#join));
    fill(
      this.#root,
      ...head(this.#join),
      h(
        "div",
        { class: "lobby" },
        notice(this.#join, this.#plan, question?.element ?? null, keeping),
        this.#plan.consent === "room" && this.#roomNotice(),
        this.#device?.element ?? this.#place(),
        this.#voice?.element,
        this.#entry.element,
      ),
    );
    this.#become({ message: "" });
  }

  #keeping() {
    if (!isKeepingAsked(this.#join, this.#plan)) return null;
    const { element, box } = keepingQuestion(this.#join, this.#plan, this.#isKeeping);
    box.addEventListener("change", () => (this.#isKeeping = box.checked));
    return element;
  }

  #place() {
    return this.#plan.place && h("p", { class: "card" }, t(this.#plan.place));
  }

  #roomNotice() {
    const isConfirmed = this.#join.consent === "given";
    return h(
      "div",
      { class: "card" },
      h("p", {}, t(isConfirmed ? "roomConfirmed" : "roomWaits")),
      h("p", { class: "quiet-text said" }, t("roomPlace")),
    );
  }

  /** @param {{isEntering?: boolean, message?: string}} news */
  #become({ isEntering = this.#isEntering, message = this.#message }) {
    this.#isEntering = isEntering;
    this.#message = message;
    this.#show();
  }

  #show() {
    const microphone = this.#device?.microphone;
    this.#entry?.show({
      isEntering: this.#isEntering,
      hasMicrophone: Boolean(microphone) && !microphone?.lostReason,
      hasProblem: this.#device?.hasProblem ?? false,
      message: this.#message,
    });
  }

  /** @param {boolean} isSilent */
  async #enter(isSilent) {
    if (this.#isEntering) return;
    if (this.#plan.consent === "ask" && !this.#isChecked) {
      this.#become({ message: t("consentMissing") });
      document.getElementById("consent")?.focus();
      return;
    }
    this.#voice?.cancel();
    this.#become({ isEntering: true, message: "" });
    try {
      // The device first, because phones want it in the tap; its sound stays here until consent.
      const microphone = isSilent ? null : ((await this.#device?.open()) ?? null);
      if (this.#device && !microphone && !isSilent) return;
      const join = await this.#consented();
      if (isSilent) this.#device?.close();
      this.#finish({ microphone, join });
    } catch (error) {
      this.#become({ message: error instanceof ApiError ? error.message : errorText("internal") });
    } finally {
      this.#become({ isEntering: false });
    }
  }

  /** @returns {Promise<Join>} */
  async #consented() {
    const join = this.#join;
    const isAsked = isKeepingAsked(join, this.#plan);
    const keep_audio = isAsked && this.#isKeeping;
    const isOther = isAsked && keep_audio !== (join.keep_audio === true);
    if (this.#plan.consent !== "ask" && !isOther) return join;
    const keep_audio_days = keep_audio ? join.keep_audio_days : 0;
    await ask(join.session, { type: "consent", keep_audio_days });
    return { ...join, consent: "given", keep_audio };
  }

  /** @param {Ticket} ticket */
  #finish(ticket) {
    this.#listeners.abort();
    this.#device?.leave();
    this.#voice?.close();
    this.#resolve(ticket);
  }
}
