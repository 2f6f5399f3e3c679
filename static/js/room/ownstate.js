/** The applicant's own card: am I heard? And what to do when something is not as it should be. */

import { fill, h, setText } from "../dom.js";
import { places } from "../state/looks.js";
import { t } from "../texts/room.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("../texts/room.js").Key} Key
 */

/** @returns {import("./scene.js").View} */
export function ownStateView() {
  const title = h("strong", {});
  const text = h("p", {});
  const element = h("section", { class: "own", role: "status" }, title, text);
  return {
    element,
    show(scene) {
      const { kind, words } = ownWords(scene);
      // Then the banner says it, with what to do.
      element.hidden = scene.own.hasWithdrawn || scene.link.phase === "stopped";
      const name = `own ${kind}`;
      if (element.className !== name) element.className = name;
      setText(title, t(words));
      // What to do about a lost microphone is the banner's to say.
      setText(text, scene.own.lost ? "" : t(/** @type {Key} */ (`${words}Text`)));
    },
  };
}

/** @param {Scene} scene @returns {{kind: "good" | "warn" | "bad" | "calm", words: Key}} */
function ownWords(scene) {
  const { own, link, join, state, now_s } = scene;
  const place = places(state, now_s).find(({ seat }) => seat === join.seat);
  if (place?.sound === "room") return { kind: "good", words: "youRoom" };
  if (!own.hasMicrophone) {
    return { kind: "calm", words: join.microphone === "none" ? "youNone" : "youWithout" };
  }
  if (link.phase === "connecting" || link.phase === "waiting") {
    return { kind: "warn", words: "youConnecting" };
  }
  if (own.lost !== null || link.door !== "peer") return { kind: "bad", words: "youNotHeard" };
  if (own.isMuted) return { kind: "warn", words: "youMuted" };
  if (place?.sound === "silent") return { kind: "warn", words: "youSilent" };
  if (place?.sound === "lost") return { kind: "bad", words: "youNotHeard" };
  if (place?.sound === "open") return { kind: "good", words: "youHeard" };
  return { kind: "calm", words: "youConnecting" };
}

/** @returns {HTMLElement} */
export function helpView() {
  const lines = /** @type {const} */ (["help1", "help2", "help3", "help4", "help5"]);
  const list = h("ul");
  fill(list, ...lines.map((line) => h("li", {}, t(line))));
  return h("details", { class: "help" }, h("summary", {}, t("help")), list);
}
