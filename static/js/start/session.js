/** One line of the list of sessions. Tells `open-links`, `end-session`, `delete-session`. */

import { pageUrl } from "../api.js";
import { h, tell } from "../dom.js";
import { bdi } from "../names.js";
import { t } from "../texts/start.js";
import { dateAndTime } from "../time.js";
import { counts, namesOf } from "./listing.js";

/** @typedef {import("./doors.js").SessionInfo} SessionInfo */

/**
 * @param {SessionInfo} info
 * @param {{note: string, isBad: boolean} | undefined} news What became of it, or is becoming.
 */
export function sessionItem(info, news) {
  const names = namesOf(info);
  const { interviewers, applicants } = counts(info);
  return h(
    "li",
    { class: "session", "data-session": info.session },
    h(
      "div",
      { class: "what" },
      h("strong", {}, bdi(info.title || t("untitled"))),
      !info.is_closed && h("span", { class: "tag live" }, t("live")),
      h(
        "p",
        { class: "hint" },
        ...[
          dateAndTime(info.created_wall),
          info.job,
          !names.length && t("people", { interviewers, applicants }),
          info.title ? "" : info.session,
        ]
          .filter(Boolean)
          .flatMap((part, at) => [at ? " · " : "", bdi(String(part))]),
        ...names.flatMap((name, at) => [at ? ", " : " · ", bdi(name)]),
      ),
    ),
    h("div", { class: "row" }, ...actions(info, Boolean(news && !news.isBad))),
    news && h("p", { class: news.isBad ? "bad" : "quiet-text", role: "status" }, news.note),
  );
}

/** @param {SessionInfo} info @param {boolean} isBusy */
function actions(info, isBusy) {
  const session = info.title || info.session;
  /** @param {"links" | "end" | "delete"} word @param {string} intent */
  const button = (word, intent) =>
    h(
      "button",
      {
        type: "button",
        class: word === "delete" ? "quiet bad" : "quiet",
        disabled: isBusy,
        "aria-label": t("actionOf", { session, action: t(word) }),
        onclick: (event) => tell(event.currentTarget, intent, info),
      },
      t(word),
    );
  const page = info.is_closed ? "review" : "room";
  const word = info.is_closed ? "openReview" : "openRoom";
  return [
    h(
      "a",
      {
        class: "button",
        href: pageUrl(page, info.session),
        "aria-label": t("actionOf", { session, action: t(word) }),
      },
      t(word),
    ),
    !info.is_closed &&
      h("a", { class: "button quiet", href: pageUrl("review", info.session) }, t("openReview")),
    !info.is_closed && button("links", "open-links"),
    !info.is_closed && button("end", "end-session"),
    button("delete", "delete-session"),
  ];
}
