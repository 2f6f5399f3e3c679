/** The lobby's last step: enter, with the microphone or without. */

import { h, setText, tell } from "../dom.js";
import { t } from "../texts/lobby.js";

/**
 * Tells `enter` (detail.isSilent).
 *
 * @param {import("./plan.js").Plan} plan
 * @param {boolean} writesNotes They can do something in the room without a microphone, too.
 */
export function entry(plan, writesNotes) {
  const words = t(plan.consent === "ask" ? "enterConsenting" : "enter");
  const button = (/** @type {string} */ id, /** @type {string} */ kind, isSilent = false) => {
    const onclick = () => tell(element, "enter", { isSilent });
    return h("button", { type: "button", id, class: kind, onclick });
  };
  const enter = button("enter", "primary");
  const silent = button("enter-silent", "quiet", true);
  const hint = h("p", { class: "quiet-text entry-hint" });
  const error = h("p", { class: "bad", role: "alert" });
  const meaning = h(
    "p",
    { class: "quiet-text entry-hint" },
    t(writesNotes ? "silentMeaningNotes" : "silentMeaning"),
  );
  const element = h("div", { class: "entry" }, error, enter, hint, silent, meaning);
  setText(silent, t("enterSilent"));
  // A microphone in nobody's seat has nothing to do here without its sound.
  const canBeSilent = plan.microphone === "own";

  return {
    element,
    /**
     * @param {{isEntering: boolean, hasMicrophone: boolean, hasProblem: boolean,
     *   message: string}} state
     */
    show({ isEntering, hasMicrophone, hasProblem, message }) {
      setText(enter, isEntering ? t("entering") : words);
      enter.disabled = isEntering;
      silent.disabled = isEntering;
      silent.className = hasProblem ? "" : "quiet"; // Now it is the way on.
      silent.hidden = !canBeSilent || hasMicrophone;
      meaning.hidden = silent.hidden;
      setText(hint, plan.microphone && !hasMicrophone && !hasProblem ? t("opensAtEntry") : "");
      setText(error, message);
    },
  };
}
