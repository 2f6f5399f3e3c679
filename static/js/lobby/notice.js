/** Who and where one is, and what happens to what one says. */

import { h } from "../dom.js";
import { isolated } from "../names.js";
import { personName, seatClass } from "../seats.js";
import { languageSwitch } from "../texts.js";
import { t } from "../texts/lobby.js";
import { howLong } from "./keeping.js";
import { isTogether } from "./plan.js";

/**
 * @typedef {import("../room/scene.js").Join} Join
 * @typedef {import("./plan.js").Plan} Plan
 */

/** @param {Join} join @returns {HTMLElement[]} */
export function head(join) {
  return [
    h("header", { class: "masthead" }, h("h1", {}, h("bdi", {}, join.title || t("untitled"))), languageSwitch()),
    h(
      "div",
      { class: "lobby-head" },
      join.job && h("p", { class: "quiet-text" }, t("job", { job: isolated(join.job) })),
      h("p", {}, whoAmI(join)),
      join.seats.length > 0 && people(join),
    ),
  ];
}

/** @param {Join} join @returns {HTMLElement} */
function whoAmI(join) {
  const { role, seat } = join;
  if (!seat) {
    if (role === "microphone") return h("strong", {}, t("roomMicrophone"));
    return h("strong", {}, t(role === "observer" ? "observer" : "operator"));
  }
  const name = personName(seat, [{ seat, name: join.name }, ...join.seats]);
  return h("strong", {}, t("you", { name: isolated(name) }));
}

/** @param {Join} join @returns {HTMLElement} */
function people(join) {
  const title = h("h2", { class: "people-title quiet-text", id: "people-title" }, t("people"));
  const items = join.seats.map(({ seat }) => {
    const isMe = seat === join.seat;
    const name = personName(seat, join.seats);
    return h("li", { class: seatClass(seat) }, h("bdi", {}, name), isMe && ` · ${t("me")}`);
  });
  const list = h("ul", { class: "list people", "aria-labelledby": "people-title" }, ...items);
  return h("div", {}, title, list);
}

/**
 * @param {Join} join
 * @param {Plan} plan
 * @param {HTMLElement | null} consent What is asked, where it is.
 * @param {HTMLElement | null} keeping What is asked besides, and may be refused.
 * @returns {HTMLElement}
 */
export function notice(join, plan, consent, keeping) {
  const isDirecting = join.role === "interviewer" || join.role === "operator";
  const who = t(isDirecting ? "noticeWhoMine" : "noticeWho");
  const lines = [`${t("noticeWords")} ${soundNotice(join, plan)}`, who, t("noticePeople")];
  if (join.listens && plan.microphone) {
    lines.unshift(t(plan.microphone === "own" ? "noticeHeard" : "noticeHeardRoom"));
  }
  if (isTogether(join)) lines.push(t("noticeTogether"));
  if (plan.consent === "ask" || plan.consent === "given") lines.push(t("noticeWithdraw"));
  if (plan.consent === "room") lines.push(t("noticeRoomWithdraw"));
  return h(
    "section",
    { class: "card", "aria-labelledby": "notice-title" },
    h("h2", { id: "notice-title" }, t("noticeTitle")),
    h("ul", { class: "notice" }, ...lines.map((line) => h("li", {}, line))),
    consent,
    plan.consent === "given" && h("p", { class: "good said" }, t("consentGiven")),
    plan.consent === "external" && h("p", { class: "said" }, t("consentExternal")),
    keeping,
  );
}

/** @param {Join} join @param {Plan} plan @returns {string} */
function soundNotice(join, plan) {
  if (plan.consent === "external") return t("noticeSoundNever");
  if (!(join.keep_audio_days > 0)) return t("noticeSoundEnds");
  return t("noticeSoundKept", { time: howLong(join.keep_audio_days) });
}

/** @returns {{element: HTMLElement, box: HTMLInputElement}} */
export function consentQuestion(isChecked = false) {
  const box = h("input", { type: "checkbox", id: "consent" });
  box.checked = isChecked;
  return { element: h("label", { class: "check consent" }, box, h("span", {}, t("consent"))), box };
}
