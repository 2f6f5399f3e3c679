/** The form that puts an interview together. Tells `create` with the body for the server. */

import { fill, h, tell } from "../dom.js";
import { seatName } from "../seats.js";
import { t } from "../texts/start.js";
import { KINDS, body, changed, newDraft, placesOf, withPlace, withoutPlace } from "./draft.js";
import { addButton, place } from "./place.js";

const MAX_CHARACTERS = 200;

/**
 * @returns {{element: HTMLElement, show: () => void, reset: () => void,
 *   busy: (is: boolean) => void, fail: (sentence: string) => void}}
 */
export function createForm() {
  let draft = newDraft();
  let isBusy = false;
  let problem = "";
  const form = h("form", { id: "create", class: "create", autocomplete: "off" });
  const section = h("section", { class: "card", "aria-labelledby": "create-title" });
  const news = h("p", { class: "unseen", role: "status" });

  const show = () => {
    fill(form, ...fields(draft), ...KINDS.map(group), hearing(draft), whoAmI(draft), foot());
    fill(section, h("h2", { id: "create-title" }, t("createTitle")), form, news);
  };

  /** @param {import("./draft.js").Kind} kind */
  const group = (kind) =>
    h(
      "fieldset",
      {},
      h("legend", {}, t(kind === "면접관" ? "interviewers" : "applicants")),
      ...placesOf(draft, kind).map((one) => place(draft, one)),
      addButton(draft, kind),
    );

  const foot = () =>
    h(
      "div",
      { class: "row" },
      h(
        "button",
        { type: "submit", class: "primary", disabled: isBusy },
        t(isBusy ? "making" : "createButton"),
      ),
      h("p", { class: "bad", role: "alert" }, problem),
    );

  /** @param {string} selector @param {string} words */
  const rebuilt = (selector, words) => {
    show();
    news.textContent = words;
    /** @type {HTMLElement | null} */ (form.querySelector(selector))?.focus();
  };

  form.addEventListener("change-draft", (event) => {
    draft = { ...draft, .../** @type {CustomEvent} */ (event).detail };
  });
  form.addEventListener("change-place", (event) => {
    const { seat, change } = /** @type {CustomEvent} */ (event).detail;
    draft = changed(draft, seat, change);
  });
  form.addEventListener("add-place", (event) => {
    const kind = /** @type {CustomEvent} */ (event).detail;
    draft = withPlace(draft, kind);
    const seat = placesOf(draft, kind).at(-1)?.seat ?? "";
    rebuilt(`[data-seat="${seat}"] input`, t("added", { seat: seatName(seat) }));
  });
  form.addEventListener("remove-place", (event) => {
    const seat = /** @type {CustomEvent} */ (event).detail;
    draft = withoutPlace(draft, seat);
    rebuilt(`[data-add="${seat.split("_")[0]}"]`, t("removed", { seat: seatName(seat) }));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!isBusy) tell(form, "create", body(draft));
  });
  show();

  return {
    element: section,
    show,
    reset() {
      draft = newDraft();
      [isBusy, problem] = [false, ""];
      show();
    },
    busy(is) {
      isBusy = is;
      if (is) problem = "";
      const button = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
      button.disabled = is;
      button.textContent = t(is ? "making" : "createButton");
      /** @type {HTMLElement} */ (form.querySelector("[role=alert]")).textContent = problem;
    },
    fail(sentence) {
      problem = sentence;
      /** @type {HTMLElement} */ (form.querySelector("[role=alert]")).textContent = sentence;
    },
  };
}

/** @param {import("./draft.js").Draft} draft */
function fields(draft) {
  const written = /** @type {const} */ (["title", "job"]);
  return [
    h(
      "div",
      { class: "row" },
      ...written.map((key) =>
        h(
          "label",
          { class: "grow" },
          h("span", { class: "name" }, t(key)),
          h("input", {
            name: key,
            value: draft[key],
            maxlength: MAX_CHARACTERS,
            placeholder: t(key === "title" ? "titleExample" : "jobExample"),
            autocomplete: "off",
            oninput: (event) => tell(event.target, "change-draft", { [key]: event.target.value }),
          }),
        ),
      ),
    ),
  ];
}

/** @param {import("./draft.js").Draft} draft */
function hearing(draft) {
  const box = h("input", {
    type: "checkbox",
    name: "hear",
    checked: draft.isHeard,
    "aria-describedby": "hear-hint",
    onchange: (event) => tell(event.target, "change-draft", { isHeard: event.target.checked }),
  });
  return h(
    "div",
    { class: "hearing" },
    h("label", { class: "check" }, box, h("span", {}, t("hear"))),
    h("p", { class: "hint", id: "hear-hint" }, t("hearText")),
  );
}

/** @param {import("./draft.js").Draft} draft */
function whoAmI(draft) {
  const choices = [...placesOf(draft, "면접관").map((one) => one.seat), null];
  return h(
    "label",
    { class: "me" },
    h("span", { class: "name" }, t("me")),
    h(
      "select",
      {
        name: "me",
        onchange: (event) => tell(event.target, "change-draft", { me: event.target.value || null }),
      },
      ...choices.map((seat) =>
        h(
          "option",
          { value: seat ?? "", selected: seat === draft.me },
          seat ? t("meSeat", { seat: seatName(seat) }) : t("meOperator"),
        ),
      ),
    ),
  );
}
