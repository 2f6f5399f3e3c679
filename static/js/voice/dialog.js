/** The dialog in the room: one's own voice, or those of everybody at the table in turn. */

import { codeOf } from "../connection/codes.js";
import { fill, h } from "../dom.js";
import { isolated } from "../names.js";
import { personName, seatClass } from "../seats.js";
import { errorText } from "../texts/errors.js";
import { t } from "../texts/voice.js";
import { Enrolment } from "./enrolment.js";
import { voicePanel } from "./panel.js";
import { voicesOf } from "./server.js";

/**
 * @typedef {import("../room/scene.js").Join} Join
 *
 * @typedef {object} Table
 * @property {Pick<Join, "session" | "seat" | "seats">} join
 * @property {() => Promise<import("./enrolment.js").Reading>} read Begins a reading.
 * @property {boolean} mayAskOthers The operator and the room's device do.
 * @property {import("./server.js").Server} [server]
 */

/** Shows it until it is closed. @param {Table} table @returns {Promise<void>} */
export async function voiceDialog(table) {
  const dialog = new VoiceDialog(table);
  await dialog.closed;
}

class VoiceDialog {
  /** @type {Promise<void>} */
  closed;
  #table;
  #server;
  /** @type {Set<string>} */
  #learnt = new Set();
  /** @type {string | null} */
  #seat;
  /** @type {Enrolment | null} */
  #enrolment = null;
  #choice = h("div", { class: "voice-choice", role: "group", "aria-label": t("whose") });
  #body = h("div");
  #element;

  /** @param {Table} table */
  constructor(table) {
    this.#table = table;
    this.#server = table.server ?? voicesOf(table.join.session);
    this.#seat = table.mayAskOthers ? null : table.join.seat;
    const close = h("button", { type: "button", onclick: () => this.#element.close() }, t("close"));
    this.#element = h(
      "dialog",
      { class: "question voice-dialog", "aria-labelledby": "voice-dialog-title" },
      h("h2", { id: "voice-dialog-title" }, t("title")),
      this.#choice,
      this.#body,
      h("div", { class: "row end" }, close),
    );
    document.body.append(this.#element);
    this.#element.showModal();
    this.closed = new Promise((resolve) => {
      this.#element.addEventListener("close", () => {
        this.#enrolment?.close();
        this.#element.remove();
        resolve();
      });
    });
    void this.#look();
  }

  async #look() {
    try {
      const { is_on, enrolled } = await this.#server.look();
      this.#learnt = new Set(enrolled);
      if (is_on) return this.#show();
      fill(this.#body, h("p", { class: "warn", role: "status" }, t("off")));
    } catch (error) {
      fill(this.#body, h("p", { class: "bad", role: "alert" }, errorText(codeOf(error))));
    }
  }

  #show() {
    if (this.#table.mayAskOthers) this.#showChoice();
    if (this.#seat === null) return;
    this.#enrolment?.close();
    const isOthers = this.#seat !== this.#table.join.seat;
    const { join, read } = this.#table;
    const enrolment = new Enrolment({
      server: this.#server,
      whose: { seat: this.#seat, isOthers },
      isKnown: this.#learnt.has(this.#seat),
      read,
    });
    this.#enrolment = enrolment;
    const seat = this.#seat;
    enrolment.addEventListener("change", () => this.#follow(seat, enrolment));
    const { agreement, mayBegin } = isOthers ? this.#agreement(seat) : NOTHING_ASKED;
    const lines = isOthers
      ? [t("whyOthers"), `${t("keepingOthers")} ${t("aside")}`]
      : [t("why"), `${t("keeping")} ${t("free")}`, t("aside")];
    fill(
      this.#body,
      h("div", { class: "voice-explains" }, ...lines.map((line) => h("p", { class: "quiet-text" }, line))),
      agreement,
      voicePanel(enrolment, { seats: join.seats, isOthers, mayBegin }),
    );
  }

  /** @param {string} seat */
  #agreement(seat) {
    const name = isolated(personName(seat, this.#table.join.seats));
    const box = h("input", { type: "checkbox", id: "voice-agreed" });
    const missing = h("p", { class: "bad", role: "alert" });
    box.addEventListener("change", () => fill(missing));
    const words = h("span", {}, t("agreed", { name }));
    const agreement = h("div", { class: "voice-explains" }, h("label", { class: "check" }, box, words), missing);
    const mayBegin = () => {
      if (box.checked) return true;
      fill(missing, t("agreedMissing"));
      box.focus();
      return false;
    };
    return { agreement, mayBegin };
  }

  #showChoice() {
    const { join } = this.#table;
    const seats = join.seats.map(({ seat }) => {
      const name = h("bdi", {}, personName(seat, join.seats));
      const mark = this.#learnt.has(seat) && h("span", { class: "good" }, ` ✓ ${t("isLearnt")}`);
      const properties = {
        type: "button",
        class: `voice-seat ${seatClass(seat)}`,
        "data-seat": seat,
        "aria-pressed": String(seat === this.#seat),
        disabled: this.#enrolment?.isBusy ?? false,
        onclick: () => this.#choose(seat),
      };
      return h("button", properties, name, mark);
    });
    const focused = this.#focusedSeat();
    fill(this.#choice, h("p", {}, t("whose")), ...seats);
    if (focused) this.#seatButton(focused)?.focus();
  }

  /** @returns {string | null} */
  #focusedSeat() {
    const { activeElement } = document;
    return activeElement && this.#choice.contains(activeElement)
      ? activeElement.getAttribute("data-seat")
      : null;
  }

  /** @param {string} seat @returns {HTMLButtonElement | undefined} */
  #seatButton(seat) {
    const buttons = /** @type {HTMLButtonElement[]} */ ([...this.#choice.querySelectorAll("button")]);
    return buttons.find((button) => button.dataset.seat === seat);
  }

  /** @param {string} seat */
  #choose(seat) {
    this.#seat = seat;
    this.#show();
  }

  /** @param {string} seat @param {Enrolment} enrolment */
  #follow(seat, enrolment) {
    if (enrolment.state.isKnown) this.#learnt.add(seat);
    else this.#learnt.delete(seat);
    if (this.#table.mayAskOthers) this.#showChoice();
  }
}

const NOTHING_ASKED = { agreement: null, mayBegin: () => true };
