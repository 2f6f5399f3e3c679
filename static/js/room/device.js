/** The page of a room microphone: it waits for the operator's confirmation, then sends sound. */

import { json, sessionPath } from "../api.js";
import { codeOf, isFinal } from "../connection/codes.js";
import { forget } from "../connection/resume.js";
import { fill, h, setText } from "../dom.js";
import { initial } from "../state.js";
import { t } from "../texts/room.js";
import { errorText } from "../texts/errors.js";
import { enrolVoice } from "../voice/enrol.js";
import { voiceRow } from "../voice/row.js";
import { bannerView } from "./banner.js";
import { barView } from "./bar.js";
import { headerView } from "./header.js";
import { showLeft, showOver, showRefused } from "./pages.js";
import { plumb } from "./plumbing.js";

/**
 * @typedef {import("./scene.js").Join} Join
 * @typedef {import("./scene.js").Microphone} Microphone
 */

const POLL_MS = 3000;
const now_s = () => performance.now() / 1000;

/** One device on the table. */
export class Device {
  #root;
  #join;
  #state;
  #plumbing;
  #microphone;
  #listeners = new AbortController();
  #isConfirmed;
  /** @type {(() => void) | null} */
  #draw = null;

  /** @param {HTMLElement} root @param {Join} join @param {Microphone | null} microphone */
  constructor(root, join, microphone) {
    this.#root = root;
    this.#join = join;
    this.#microphone = microphone;
    this.#state = initial(join, now_s());
    this.#isConfirmed = join.consent !== "required";
    this.#plumbing = plumb(join, microphone, () => 0);
    const { connection, own, speaker } = this.#plumbing;
    const show = () => this.#draw?.();
    own.addEventListener("change", show);
    speaker.addEventListener("change", show);
    connection.addEventListener("change", () => {
      if (connection.phase === "stopped" && connection.code === "session_over") this.#over();
      else show();
    });
    const { signal } = this.#listeners;
    root.addEventListener("mute", () => own.toggleMute(), { signal });
    root.addEventListener("sound", () => speaker.toggle(), { signal });
    root.addEventListener("hear", () => void speaker.play(), { signal });
    const enrol = () => void enrolVoice(this.#join, this.#microphone, own);
    root.addEventListener("enrol-voice", enrol, { signal });
    root.addEventListener("leave", () => this.#leave(), { signal });
    root.addEventListener("again", () => void connection.start(), { signal });
    document.addEventListener("languagechange", () => this.#mount(), { signal });
    const clock = setInterval(show, 1000);
    const poll = setInterval(() => void this.#poll(), POLL_MS);
    signal.addEventListener("abort", () => {
      clearInterval(clock);
      clearInterval(poll);
    });
    this.#mount();
    root.tabIndex = -1;
    root.focus({ preventScroll: true });
    if (this.#isConfirmed) void connection.start();
  }

  #mount() {
    const header = headerView();
    const banner = bannerView();
    const bar = barView(this.#join, this.#microphone);
    const title = h("strong");
    const text = h("p");
    const plays = h("p", { class: "quiet-text" }, t("devicePlays"));
    const card = h("section", { class: "own", role: "status" }, title, text, plays);
    this.#root.className = "room device-room";
    fill(this.#root, header.element, banner.element, h("div", { class: "panels" }, card, voiceRow(this.#join)), bar.element);
    this.#draw = () => {
      const scene = this.#scene();
      header.show(scene);
      banner.show(scene);
      bar.show(scene);
      const isOn = this.#isConfirmed && scene.link.door === "peer";
      const words = !this.#isConfirmed ? "deviceWaits" : scene.own.isMuted ? "deviceMuted" : "deviceOn";
      card.hidden = this.#isConfirmed && !isOn;
      card.className = `own ${words === "deviceOn" ? "good" : "warn"}`;
      setText(title, t(words));
      setText(text, words === "deviceMuted" ? "" : t(`${words}Text`));
      plays.hidden = scene.sound === null || !isOn;
    };
    this.#draw();
  }

  /** @returns {import("./scene.js").Scene} */
  #scene() {
    const { own, speaker } = this.#plumbing;
    // Before the confirmation nothing is wrong with the connection: it has not been made.
    const link = this.#plumbing.link();
    if (!this.#isConfirmed) link.phase = "open";
    const sound = speaker.hasVoices ? speaker : null;
    const base = { state: this.#state, join: this.#join, own: own.state, link, sound };
    return { ...base, unsaved: [], now_s: now_s() };
  }

  /** A withdrawn consent voids the confirmation; the next one needs a new connection. */
  async #poll() {
    const { connection } = this.#plumbing;
    try {
      const join = await json("GET", sessionPath(this.#join.session, "/join"));
      if (this.#listeners.signal.aborted) return;
      if (join.life === "review" || join.life === "erased") return this.#over();
      const isConfirmed = join.consent !== "required";
      if (isConfirmed === this.#isConfirmed) return;
      this.#isConfirmed = isConfirmed;
      if (isConfirmed) void connection.start();
      else connection.stop("consent_required");
      this.#draw?.();
    } catch (error) {
      const code = codeOf(error);
      if (!isFinal(code) || this.#listeners.signal.aborted) return;
      this.#close();
      if (code === "session_over") this.#over();
      else showRefused(this.#root, () => errorText(code));
    }
  }

  #leave() {
    this.#close();
    forget(this.#join.session);
    showLeft(this.#root);
  }

  #over() {
    this.#close();
    const { session } = this.#join;
    showOver(this.#root, { isErased: false, session, canReview: false, unsaved: [] });
  }

  #close() {
    this.#listeners.abort();
    this.#plumbing.stop();
  }
}
