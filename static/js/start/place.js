/** One person's line in the form. Tells `change-place`, `remove-place`, `add-place`. */

import { h, setText, tell } from "../dom.js";
import { seatClass, seatName } from "../seats.js";
import { t } from "../texts/start.js";
import { MICROPHONES, MOST, placesOf } from "./draft.js";

const MAX_CHARACTERS = 200;

/**
 * @param {import("./draft.js").Draft} draft
 * @param {import("./draft.js").Place} one
 */
export function place(draft, one) {
  const seat = seatName(one.seat);
  const kind = /** @type {import("./draft.js").Kind} */ (one.seat.split("_")[0]);
  const hint = h("p", { class: "hint", id: `hint-${one.seat}` }, t(`${one.microphone}Text`));
  return h(
    "div",
    { class: `place ${seatClass(one.seat)}`, "data-seat": one.seat },
    h("span", { class: "who" }, seat),
    h("input", {
      "aria-label": t("name", { seat }),
      placeholder: t("nameExample"),
      value: one.name,
      maxlength: MAX_CHARACTERS,
      autocomplete: "off",
      oninput: (event) =>
        tell(event.target, "change-place", {
          seat: one.seat,
          change: { name: event.target.value },
        }),
    }),
    microphone(one, hint),
    placesOf(draft, kind).length > 1 &&
      h(
        "button",
        {
          type: "button",
          class: "quiet",
          "aria-label": t("removeSeat", { seat }),
          onclick: (event) => tell(event.currentTarget, "remove-place", one.seat),
        },
        t("remove"),
      ),
    hint,
  );
}

/** @param {import("./draft.js").Place} one @param {HTMLElement} hint Explains the choice. */
function microphone(one, hint) {
  return h(
    "select",
    {
      "aria-label": t("microphone", { seat: seatName(one.seat) }),
      "aria-describedby": hint.id,
      onchange: (event) => {
        const chosen = /** @type {import("./draft.js").Microphone} */ (event.target.value);
        setText(hint, t(`${chosen}Text`));
        tell(event.target, "change-place", { seat: one.seat, change: { microphone: chosen } });
      },
    },
    ...MICROPHONES.map((key) =>
      h("option", { value: key, selected: key === one.microphone }, t(key)),
    ),
  );
}

/** @param {import("./draft.js").Draft} draft @param {import("./draft.js").Kind} kind */
export function addButton(draft, kind) {
  return h(
    "button",
    {
      type: "button",
      class: "quiet add",
      "data-add": kind,
      disabled: placesOf(draft, kind).length >= MOST,
      onclick: (event) => tell(event.currentTarget, "add-place", kind),
    },
    `+ ${t(kind === "면접관" ? "addInterviewer" : "addApplicant")}`,
  );
}
