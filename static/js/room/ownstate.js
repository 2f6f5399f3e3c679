/** The applicant's own card: am I heard? And what to do when something is not as it should be. */

import { fill, h, setText } from "../dom.js";
import { speaking } from "../state/levels.js";
import { t } from "../texts/room.js";
import { ownWords } from "./ownwords.js";
import { speakingMark } from "./speakingmark.js";

/** @typedef {import("../texts/room.js").Key} Key */

/** @returns {import("./scene.js").View} */
export function ownStateView() {
  const title = h("strong", {});
  const text = h("p", {});
  const mark = speakingMark();
  const element = h("section", { class: "own", role: "status" }, title, mark, text);
  return {
    element,
    show(scene) {
      const { kind, words } = ownWords(scene);
      // Then the banner says it, with what to do.
      element.hidden = scene.own.hasWithdrawn || scene.link.phase === "stopped";
      const name = `own ${kind}`;
      if (element.className !== name) element.className = name;
      // What the banner says about the connection need not be heard twice.
      const isUnwell = scene.link.phase === "waiting" || scene.link.isSuspect;
      element.setAttribute("aria-live", isUnwell ? "off" : "polite");
      setText(title, t(words));
      // A seat of the room cannot know whether it is this person whom the room hears.
      mark.hidden = words !== "youHeard" || !speaking(scene.state, scene.now_s).has(scene.join.seat);
      // What to do about a lost microphone is the banner's to say.
      setText(text, scene.own.lost ? "" : t(/** @type {Key} */ (`${words}Text`)));
    },
  };
}

/** @param {import("./scene.js").Join} join @returns {HTMLElement} */
export function helpView({ listens }) {
  const lines = /** @type {const} */ (["help1", "help2", "help3", "help6", "help4", "help5"]);
  const list = h("ul");
  const told = lines.filter((line) => line !== "help6" || listens);
  fill(list, ...told.map((line) => h("li", {}, t(line))));
  return h("details", { class: "help" }, h("summary", {}, t("help")), list);
}
