/** The top line: whose interview, how long, how far behind the captions are, how we are connected. */

import { h, setText } from "../dom.js";
import { lagNow, sessionTime } from "../state/looks.js";
import { languageSwitch } from "../texts.js";
import { t } from "../texts/room.js";
import { clock } from "../time.js";

/** @typedef {import("./scene.js").Scene} Scene */

/** @returns {import("./scene.js").View} */
export function headerView() {
  const title = h("bdi");
  const time = h("span", { id: "clock", role: "timer", "aria-label": t("clockLabel") });
  const lag = h("span", { id: "lag", class: "chip", hidden: true, title: t("lagTitle") });
  const connection = h("span", { id: "connection", class: "chip", role: "status" });
  const element = h(
    "header",
    { class: "masthead room-head" },
    h("h1", {}, title),
    h("div", { class: "facts" }, time, lag, connection),
    languageSwitch(),
  );
  return {
    element,
    show(scene) {
      const { state, now_s } = scene;
      setText(title, state.title || t("untitled"));
      setText(time, clock(sessionTime(state, now_s)));
      const late = scene.link.phase === "open" ? lagNow(state, now_s) : null;
      lag.hidden = late === null;
      if (late) setText(lag, late.isBehind ? t("behind") : t("lag", { s: late.final_s.toFixed(1) }));
      lag.classList.toggle("warn", late?.isBehind ?? false);
      const { text, kind } = linkText(scene);
      // The banner tells of trouble, in more words; that it is over is told here.
      connection.setAttribute("aria-live", kind === "good" ? "polite" : "off");
      setText(connection, text);
      connection.className = `chip ${kind}`;
    },
  };
}

/** @param {Scene} scene @returns {{text: string, kind: string}} */
function linkText({ link, own }) {
  if (link.phase === "connecting") return { text: t("connecting"), kind: "warn" };
  if (link.phase === "waiting") return { text: t("reconnecting"), kind: "warn" };
  if (link.phase === "stopped") return { text: t("disconnected"), kind: "bad" };
  if (link.isSuspect) return { text: t("suspect"), kind: "warn" };
  const isMute = own.hasMicrophone && !own.hasWithdrawn && link.door === "socket";
  return isMute ? { text: t("withoutSound"), kind: "warn" } : { text: t("connected"), kind: "good" };
}
