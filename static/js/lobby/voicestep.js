/** The lobby's optional step: one's voice, so that it is told from the others'. */

import { fill, h } from "../dom.js";
import { t } from "../texts/voice.js";
import { Enrolment } from "../voice/enrolment.js";
import { voicePanel } from "../voice/panel.js";
import { voicesOf } from "../voice/server.js";
import { readInto } from "../voice/source.js";

/**
 * @typedef {import("../room/scene.js").Join} Join
 * @typedef {import("../microphone/microphone.js").Microphone} Microphone
 */

/** For everybody in a seat; hidden until the server has said that it tells voices apart. */
export class VoiceStep {
  element = h("details", { class: "card voice-step", hidden: true });
  #join;
  #seat;
  #server;
  #open;
  /** @type {Enrolment | null} */
  #enrolment = null;

  /**
   * @param {Join} join
   * @param {string} seat Their own.
   * @param {() => Promise<Microphone | null>} open The lobby's microphone; null: it has none, and
   *   one is opened for the reading alone.
   * @param {import("../voice/server.js").Server} [server]
   */
  constructor(join, seat, open, server = voicesOf(join.session)) {
    this.#join = join;
    this.#seat = seat;
    this.#open = open;
    this.#server = server;
    void this.#look();
  }

  /** In the language of now. */
  show() {
    if (!this.#enrolment) return;
    this.element.hidden = false;
    fill(
      this.element,
      h("summary", {}, h("h2", {}, t("title"), " ", h("span", { class: "quiet-text" }, t("optional")))),
      h(
        "div",
        { class: "voice-explains" },
        h("p", {}, t("why")),
        h("p", { class: "quiet-text" }, `${t("keeping")} ${t("free")}`),
      ),
      voicePanel(this.#enrolment, {
        seats: this.#join.seats,
        isOthers: false,
        mayBegin: () => true,
      }),
    );
  }

  /** Whoever enters has read enough. */
  cancel() {
    this.#enrolment?.cancel();
  }

  close() {
    this.#enrolment?.close();
  }

  async #look() {
    const seat = this.#seat;
    try {
      const { is_on, enrolled } = await this.#server.look();
      if (!is_on) return;
      this.#enrolment = new Enrolment({
        server: this.#server,
        whose: { seat, isOthers: false },
        isKnown: enrolled.includes(seat),
        read: async () => readInto(await this.#open(), "own"),
      });
      this.show();
    } catch {
      // It is optional: whoever cannot have it enters without.
    }
  }
}
