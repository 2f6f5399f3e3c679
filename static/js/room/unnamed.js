/** Voices that wait for a name, above the captions: one press asks whose each is. */

import { fill, h, tell } from "../dom.js";
import { badge, speakerName } from "../speakers/badge.js";
import { unnamed } from "../state/speakers.js";
import { t } from "../texts/speakers.js";

/** @typedef {import("../state.js").State} State */

/** @returns {{element: HTMLElement, show: (state: State) => void}} */
export function unnamedStrip() {
  const element = h("div", { class: "unnamed", role: "group", hidden: true });
  let shown = "";
  return {
    element,
    show(state) {
      const all = unnamed(state);
      const title = t("unnamedTitle");
      // By what is seen: buttons stay the same while their voices say nothing new.
      const key = JSON.stringify([title, all]);
      if (key === shown) return;
      shown = key;
      const focused = document.activeElement?.getAttribute("data-voice-name");
      element.hidden = all.length === 0;
      element.setAttribute("aria-label", title);
      fill(element, h("span", { class: "quiet-text", "aria-hidden": "true" }, title), ...all.map(one));
      if (!focused) return;
      /** @type {HTMLElement | null} */ (element.querySelector(`[data-voice-name="${focused}"]`))?.focus();
    },
  };
}

/** @param {{voice: string, letter: string, count: number}} voice */
function one({ voice, letter, count }) {
  const shown = { seat: null, letter };
  const who = speakerName(shown, []);
  const button = h(
    "button",
    { type: "button", class: "quiet", "data-voice-name": voice, "aria-haspopup": "dialog" },
    badge(shown),
    `${who} · ${t("lines", { count })}`,
  );
  button.setAttribute("aria-label", t("nameIt", { who, count }));
  button.addEventListener("click", () => tell(button, "fix-voice", { voice, anchor: button }));
  return button;
}
