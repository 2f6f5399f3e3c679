/** The way to the dialog from the room: `enrol-voice`. */

import { h, tell } from "../dom.js";
import { isAlso } from "../room/scene.js";
import { t } from "../texts/voice.js";

/** @typedef {import("../room/scene.js").Join} Join */

/** @param {Pick<Join, "role" | "roles">} join Who may say that somebody else agrees to it. */
export const mayAskOthers = (join) =>
  isAlso(/** @type {Join} */ (join), "operator") || isAlso(/** @type {Join} */ (join), "microphone");

/** @param {Join} join @returns {HTMLElement} Empty where no voice is theirs to have learnt. */
export function voiceRow(join) {
  const isTable = mayAskOthers(join);
  if (join.seat === null && !isTable) return h("div", { hidden: true });
  const button = h(
    "button",
    { type: "button", class: "enrol-voice", onclick: () => tell(button, "enrol-voice") },
    t(isTable ? "enrolRoom" : "enrolMine"),
  );
  return h("div", { class: "row voice-row" }, button);
}
