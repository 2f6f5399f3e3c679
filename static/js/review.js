/** The record of one interview, while it is live and afterwards. */

import { ApiError, json, sessionOfPage, sessionPath, token } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { authorOf, correcting } from "./review/correcting.js";
import { downloads } from "./review/downloads.js";
import { evaluations } from "./review/evaluations.js";
import { finder } from "./review/finder.js";
import { head } from "./review/head.js";
import { legend, preface, suppressedSwitch } from "./review/legend.js";
import { noteList } from "./review/notes.js";
import { keepingPlace } from "./review/place.js";
import { notes, timeline } from "./review/record.js";
import { speakers } from "./review/said.js";
import { isDirecting } from "./room/scene.js";
import { transcript } from "./review/transcript.js";
import { watch } from "./review/watch.js";
import { languageSwitch } from "./texts.js";
import { t } from "./texts/review.js";

/**
 * @typedef {{result: import("./review/record.js").Result,
 *   places: readonly import("./review/record.js").Place[],
 *   join: import("./room/scene.js").Join}} Shown
 */

const session = sessionOfPage();
const page = byId("page");
const heading = h("h1", {});
const desk = `/${token ? `#t=${token}` : ""}`;
const home = h("a", { class: "button quiet", href: desk, hidden: true });
const news = h("div", { id: "news", role: "status" });
const body = h("div", { id: "body" });
/** @type {Shown | null} */
let shown = null;
/** @type {() => void} */
let show = () => undefined;
let stopWatching = () => {};
/** What is looked for, which stays while the record is put right. */
const sought = { chosen: new Set(), query: "", hasSuppressed: false };

fill(
  page,
  h("header", { class: "masthead" }, heading, h("div", { class: "row" }, home, languageSwitch())),
  news,
  body,
);

/** @param {boolean} [isAgain] */
async function load(isAgain = false) {
  stopWatching();
  if (!isAgain) fill(body, h("p", { class: "quiet-text" }, t("loading")));
  try {
    const result = await read();
    fill(news, isAgain && h("p", { class: "good" }, t("again")));
    show();
    if (isAgain) document.getElementById("record-title")?.focus();
    stopWatching = watch(session, result, showNews);
  } catch (error) {
    show = () => showProblem(error);
    show();
  }
}

/** @returns {Promise<import("./review/record.js").Result>} */
async function read() {
  const join = await json("GET", sessionPath(session, "/join"));
  const result = await json("GET", sessionPath(session, "/result"));
  shown = { result, places: join.seats ?? [], join };
  show = showRecord;
  return result;
}

/** Reads the record anew after a correction; whoever reads stays where they are. */
async function reread() {
  stopWatching();
  const result = await read();
  keepingPlace(body, show);
  stopWatching = watch(session, result, showNews);
}

function showRecord() {
  if (!shown) return;
  const { result, places, join } = shown;
  // While it lasts, the room is the place: a second connection there would end the first.
  const canFix = result.life === "review" && isDirecting(join);
  home.hidden = join.role !== "operator";
  document.title = `${t("pageTitle")} ${result.title}`.trim();
  if (result.life === "erased") {
    fill(body, message(t("erased"), t("erasedText")));
    return;
  }
  const list = transcript(timeline(result), places, canFix);
  fill(
    body,
    head(result, places),
    h(
      "div",
      { class: "columns" },
      h(
        "section",
        { class: "card main", "aria-labelledby": "transcript-title" },
        h("h2", { id: "transcript-title", tabindex: -1 }, t("transcript")),
        preface(result, canFix),
        ...(result.transcripts.length ? finder(list, speakers(result), places, sought) : []),
        result.transcripts.length === 0 && h("p", { class: "quiet-text" }, t("empty")),
        list,
        suppressedSwitch(result, list, sought),
        legend(result),
      ),
      h(
        "div",
        { class: "side" },
        downloads(session),
        evaluations(result, places),
        noteList(notes(result), places, canFix ? authorOf(join) : null),
      ),
    ),
  );
}

/** @param {string} title @param {string} text */
function message(title, text) {
  return h("section", { class: "card" }, h("h2", {}, title), h("p", {}, text));
}

/** @param {unknown} error */
function showProblem(error) {
  const code = error instanceof ApiError ? error.code : "internal";
  if (code === "forbidden") {
    fill(body, message(t("applicant"), t("applicantText")));
    return;
  }
  const words = error instanceof Error ? error.message : String(error);
  fill(
    body,
    h(
      "section",
      { class: "card" },
      h("p", { class: "bad", role: "alert" }, words),
      h("button", { type: "button", onclick: () => void load() }, t("retry")),
    ),
  );
}

/** @param {"changed" | "over"} what */
function showNews(what) {
  fill(
    news,
    h(
      "div",
      { class: "row notice" },
      h("p", { class: "grow" }, t(what)),
      h(
        "button",
        { type: "button", class: "primary", onclick: () => void load(true) },
        t("reload"),
      ),
    ),
  );
}

function words() {
  heading.textContent = t("pageTitle");
  home.textContent = t("home");
}

correcting(body, session, () => shown, reread);
body.addEventListener("reload", () => void load(true));
body.addEventListener("go-to", (event) => {
  const target = document.getElementById(/** @type {CustomEvent} */ (event).detail);
  if (!target) return;
  // A moment that the filter hides cannot be shown: everybody is shown again.
  /** @type {HTMLElement | null} */
  const everybody = body.querySelector(".chips button");
  if (target.hidden) everybody?.click();
  target.scrollIntoView({ block: "center" });
  target.focus({ preventScroll: true });
});
document.addEventListener("languagechange", () => {
  words();
  fill(news);
  show();
});
window.addEventListener("hashchange", () => location.reload());
words();
void load();
