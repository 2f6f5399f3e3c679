/** One click makes a room. Tells `create`. */

import { fill, h, setText, tell } from "../dom.js";
import { t } from "../texts/start.js";
import { body, newDraft } from "./draft.js";

export function quickRoom() {
  let isBusy = false;
  const title = h("h2", {});
  const text = h("p", { class: "quiet-text" });
  const problem = h("p", { class: "bad", role: "alert" });
  const button = h("button", { type: "button", id: "open-room", class: "primary" });
  button.addEventListener("click", () => tell(button, "create", body(newDraft())));
  const element = h(
    "section",
    { class: "card quick" },
    h("div", { class: "grow" }, title, text, problem),
    button,
  );
  const show = () => {
    fill(title, t("quickTitle"));
    fill(text, t("quickText"));
    setText(button, t(isBusy ? "making" : "quickButton"));
    button.disabled = isBusy;
  };
  show();
  return {
    element,
    show,
    /** @param {boolean} is */
    busy(is) {
      isBusy = is;
      if (is) setText(problem, "");
      show();
    },
    /** @param {string} sentence */
    fail: (sentence) => setText(problem, sentence),
  };
}
