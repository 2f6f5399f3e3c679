/** One line about what is wrong now and what to do; nothing when all is well. */

import { fill, h, setText, tell } from "../dom.js";
import { NOTHING_YET, remembered, troubleOf } from "./troubles.js";

/** A connection that comes and goes is told so often, not each time. */
const AGAIN_S = 30;

/** @returns {import("./scene.js").View} */
export function bannerView() {
  // Both are always there: screen readers tell only what changes in a place they know. What stands
  // in the way of everything is told at once, what mends itself when the reader has a moment.
  const alert = h("p", { role: "alert" });
  const status = h("p", { role: "status" });
  const action = h("span");
  const element = h("div", { class: "banner" }, alert, status, action);
  let past = NOTHING_YET;
  let shown = "null";
  /** @type {Map<string, number>} When a line was last told. */
  const told = new Map();
  return {
    element,
    show(scene) {
      past = remembered(past, scene);
      const trouble = troubleOf(scene, past);
      const key = JSON.stringify(trouble);
      if (key === shown) return;
      shown = key;
      const { text = "", kind = "", button, intent = "" } = trouble ?? {};
      const isRepeated = scene.now_s - (told.get(text) ?? -Infinity) < AGAIN_S;
      told.set(text, scene.now_s);
      status.setAttribute("aria-live", isRepeated ? "off" : "polite");
      element.className = `banner ${kind}`.trim();
      setText(alert, kind === "bad" ? text : "");
      setText(status, kind === "bad" ? "" : text);
      fill(
        action,
        button && h("button", { type: "button", onclick: () => tell(element, intent) }, button),
      );
    },
  };
}
