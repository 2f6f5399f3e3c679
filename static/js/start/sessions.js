/** The list of sessions: live and past, search, more. */

import { fill, h } from "../dom.js";
import { t } from "../texts/start.js";
import { PAGE, sessions } from "./doors.js";
import { newGroup, withPage } from "./listing.js";
import { sessionItem } from "./session.js";

const TYPING_MS = 250;

/** @typedef {import("./doors.js").State} State */

/** @param {{isScoped: boolean}} options `isScoped`: the link is for one session only. */
export function sessionList({ isScoped }) {
  const groups = { live: newGroup(), past: newGroup() };
  /** @type {Map<string, {note: string, isBad: boolean}>} */
  const news = new Map();
  let search = "";
  let turn = 0;
  const heading = h("h2", { id: "sessions-title", tabindex: -1 });
  const field = h("input", { id: "search", type: "search", maxlength: 200, autocomplete: "off" });
  const name = h("span", { class: "name" });
  const told = h("p", { class: "unseen", role: "status" });
  const body = h("div", { id: "sessions" });
  const element = h(
    "section",
    { class: "card", "aria-labelledby": "sessions-title" },
    heading,
    h("label", {}, name, field),
    told,
    body,
  );

  const show = () => {
    fill(heading, t("sessionsTitle"));
    fill(name, t("search"));
    field.placeholder = t("searchExample");
    const restore = focusIn(body);
    const all = [groups.live, groups.past];
    const isEmpty = all.every((group) => group.phase === "loaded" && !group.items.length);
    if (isEmpty) fill(body, h("p", { class: "quiet-text" }, emptyText()));
    else fill(body, groupView("live"), groupView("past"));
    restore();
  };

  const emptyText = () => {
    if (search) return t("emptySearch", { search });
    return t(isScoped ? "emptyScope" : "emptyAll");
  };

  /** @param {State} state */
  const groupView = (state) => {
    const { items, phase, problem, hasMore } = groups[state];
    const isQuiet = phase === "loaded" && !items.length;
    if (search && isQuiet) return null;
    return h(
      "section",
      { class: "group", "aria-label": t(state), "aria-busy": phase === "loading" },
      h("h3", {}, t(state)),
      isQuiet && h("p", { class: "quiet-text" }, t(state === "live" ? "emptyLive" : "emptyPast")),
      h("ul", { class: "list" }, ...items.map((one) => sessionItem(one, news.get(one.session)))),
      phase === "loading" && !items.length && h("p", { class: "quiet-text" }, t("loading")),
      problem &&
        h(
          "p",
          { class: "bad", role: "alert" },
          `${problem} `,
          h("button", { type: "button", onclick: () => void refresh() }, t("retry")),
        ),
      phase === "loaded" &&
        hasMore &&
        h("button", { type: "button", class: "more", onclick: () => more(state) }, t("more")),
    );
  };

  /** @param {State} state @param {boolean} [isFresh] Replaces what is shown once it is there. */
  const load = async (state, isFresh = false) => {
    const mine = turn;
    let group = isFresh ? newGroup() : groups[state];
    groups[state] = { ...groups[state], phase: "loading", problem: "" };
    if (!isFresh) show();
    try {
      do {
        const page = await sessions(state, search, group.last);
        group = withPage(group, page, PAGE);
        // A page of erased ones shows nothing; the person asked for more.
      } while (group.hasMore && group.items.length === (isFresh ? 0 : groups[state].items.length));
      if (mine === turn) groups[state] = group;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (mine === turn) groups[state] = { ...groups[state], phase: "failed", problem };
    }
    if (mine === turn) show();
  };

  const refresh = async () => {
    turn += 1;
    const mine = turn;
    await Promise.all([load("live", true), load("past", true)]);
    return mine === turn;
  };

  /** @param {State} state */
  const more = async (state) => {
    const shown = groups[state].items.length;
    await load(state);
    const items = body.querySelectorAll(`[aria-label="${t(state)}"] .session`);
    /** @type {HTMLElement | null} */ (items[shown]?.querySelector("a"))?.focus();
    told.textContent = t("found", { number: groups[state].items.length });
  };

  let typing = 0;
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = window.setTimeout(async () => {
      search = field.value.trim();
      if (await refresh()) {
        const number = groups.live.items.length + groups.past.items.length;
        told.textContent = t("found", { number });
      }
    }, TYPING_MS);
  });

  return {
    element,
    show,
    refresh,
    /** @param {string} session @param {string} note @param {boolean} [isBad] Empty: no more. */
    say(session, note, isBad = false) {
      if (note) news.set(session, { note, isBad });
      else news.delete(session);
      show();
    },
    /** @param {string} words Focus goes to the heading: the line acted on is gone. */
    announce(words) {
      told.textContent = words;
      heading.focus();
    },
  };
}

/**
 * @param {HTMLElement} body About to be shown anew.
 * @returns {() => void} Gives the focus back to the control that had it.
 */
function focusIn(body) {
  const held = document.activeElement;
  const session = held?.closest("[data-session]");
  if (!held || !session || !body.contains(held)) return () => {};
  const place = [...session.querySelectorAll("a, button")].indexOf(held);
  return () => {
    const name = session.getAttribute("data-session") ?? "";
    const again = body.querySelector(`[data-session="${CSS.escape(name)}"]`);
    /** @type {HTMLElement | undefined} */ (again?.querySelectorAll("a, button")[place])?.focus();
  };
}
