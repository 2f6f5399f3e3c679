/** How an existing client connects. */

import { PREFIX } from "../api.js";
import { fill, h, setText } from "../dom.js";
import { t } from "../texts/start.js";
import { copyField } from "./copy.js";

export function client() {
  const element = h("details", { class: "card" });
  const show = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const field = h("input", {
      id: "address",
      class: "grow url",
      readonly: true,
      "aria-label": t("clientAddress"),
      value: `${scheme}://${location.host}${PREFIX}/ws/interview/{session_id}`,
    });
    const news = h("p", { class: "good news", role: "status" });
    const copy = async () => setText(news, t((await copyField(field)) ? "copied" : "copyByHand"));
    fill(
      element,
      h("summary", {}, t("clientTitle")),
      h("p", { class: "quiet-text" }, t("clientText")),
      h(
        "div",
        { class: "row controls" },
        field,
        h("button", { type: "button", onclick: copy }, t("copy")),
      ),
      news,
    );
  };
  show();
  return { element, show };
}
