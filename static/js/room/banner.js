/** One line about what is wrong now and what to do; nothing when all is well. */

import { fill, h, tell } from "../dom.js";
import { errorText } from "../texts/errors.js";
import { t } from "../texts/room.js";
import { isDirecting } from "./scene.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {{text: string, kind: "bad" | "warn", button?: string, intent?: string}} Trouble
 */

/** @returns {import("./scene.js").View} */
export function bannerView() {
  const element = h("div", { class: "banner", role: "alert", hidden: true });
  let shown = "";
  return {
    element,
    show(scene) {
      const trouble = troubleOf(scene);
      const key = JSON.stringify(trouble);
      if (key === shown) return;
      shown = key;
      element.hidden = trouble === null;
      if (trouble === null) return fill(element);
      const { text, kind, button, intent } = trouble;
      element.className = `banner ${kind}`;
      fill(
        element,
        h("p", {}, text),
        button &&
          intent &&
          h("button", { type: "button", onclick: () => tell(element, intent) }, button),
      );
    },
  };
}

/** @param {Scene} scene @returns {Trouble | null} The worst. */
function troubleOf(scene) {
  return linkTrouble(scene) ?? ownTrouble(scene);
}

/** @param {Scene} scene @returns {Trouble | null} */
function linkTrouble({ link, join }) {
  if (link.phase === "waiting") {
    const text = t(isDirecting(join) ? "lostConnection" : "lostConnectionShort");
    return { text, kind: "warn" };
  }
  if (link.phase !== "stopped" || link.code === "session_over") return null;
  const button = t(link.code === "replaced" ? "useHere" : "retry");
  return { text: errorText(link.code ?? "internal"), kind: "bad", button, intent: "again" };
}

/** @param {Scene} scene @returns {Trouble | null} */
function ownTrouble({ own, link, join }) {
  if (own.hasWithdrawn) {
    const button = t("consentAgain");
    return { text: t("withdrawn"), kind: "warn", button, intent: "consent-again" };
  }
  if (!own.hasMicrophone) return null;
  if (own.lost === "unplugged") return { text: t("unplugged"), kind: "bad" };
  if (own.lost === "denied") return { text: t("denied"), kind: "bad" };
  if (own.lost === "interrupted") return { text: t("interrupted"), kind: "warn" };
  if (link.door === "socket" && link.reason === "consent_required") {
    const button = t("consentAgain");
    return { text: errorText("consent_required"), kind: "warn", button, intent: "consent-again" };
  }
  if (link.door === "socket") {
    const isHopeless = link.reason === "unsupported" || link.reason === "bad_offer";
    const others = t(isDirecting(join) ? "captionsAndNotesGoOn" : "captionsGoOn");
    return { text: t(isHopeless ? "soundlessHere" : "soundless", { others }), kind: "warn" };
  }
  return null;
}
