/** Filter by speaker and search in the words: works on the list that `transcript` made. */

import { fill, h, setText } from "../dom.js";
import { bdi } from "../names.js";
import { seatClass } from "../seats.js";
import { badge, speakerName } from "../speakers/badge.js";
import { t } from "../texts/review.js";
import { pattern, pieces } from "./words.js";

const TYPING_MS = 150;

/**
 * @typedef {{chosen: Set<string>, query: string}} Sought What outlives that the list is made anew.
 * @typedef {readonly (import("./record.js").Who & {count: number})[]} Speakers
 */

/**
 * @param {HTMLElement} list
 * @param {Speakers} speakers
 * @param {readonly import("./record.js").Place[]} places
 * @param {Sought} sought Changed by the person.
 * @returns {import("../dom.js").Child[]} Speakers, the search's bar, a line for nothing left.
 */
export function finder(list, speakers, places, sought) {
  const { chosen } = sought;
  for (const key of chosen) if (speakers.every((one) => one.key !== key)) chosen.delete(key);
  /** @type {HTMLElement[]} */
  let found = [];
  let now = -1;
  /** @type {HTMLElement[]} */
  let marked = [];
  const told = h("span", { role: "status", class: "count quiet-text" });
  const nothing = h("p", { class: "quiet-text", hidden: true }, t("nothingLeft"));
  const field = h("input", {
    type: "search",
    id: "find",
    autocomplete: "off",
    "aria-label": t("search"),
    placeholder: t("search"),
  });
  field.value = sought.query;
  const steps = [step("previous", "↑", -1), step("next", "↓", 1)];

  const filter = (isFirst = false) => {
    let isEmpty = true;
    for (const item of /** @type {Iterable<HTMLElement>} */ (list.children)) {
      item.hidden = chosen.size > 0 && !chosen.has(item.dataset["seat"] ?? "");
      isEmpty &&= item.hidden;
    }
    list.classList.toggle("filtered", chosen.size > 0);
    nothing.hidden = !isEmpty || list.children.length === 0;
    search(isFirst);
  };

  const search = (isFirst = false) => {
    sought.query = field.value;
    const words = pattern(field.value);
    for (const one of marked) unmark(one);
    [marked, found, now] = [[], [], -1];
    if (words) {
      for (const one of list.querySelectorAll(":scope > :not([hidden]) > .words")) {
        mark(/** @type {HTMLElement} */ (one), words);
      }
    }
    for (const button of steps) button.disabled = !found.length;
    if (found.length && !isFirst) go(1);
    else setText(told, words && !found.length ? t("noneFound") : "");
  };

  /** @param {HTMLElement} words Without its marks. */
  const unmark = (words) => words.replaceChildren(words.textContent ?? "");

  /** @param {HTMLElement} words @param {RegExp} wanted */
  const mark = (words, wanted) => {
    const parts = pieces((words.textContent ?? "").normalize("NFC"), wanted);
    if (!parts.some((part) => part.isFound)) return;
    const nodes = parts.map((part) => (part.isFound ? h("mark", {}, part.text) : part.text));
    fill(words, ...nodes);
    marked.push(words);
    for (const node of nodes) if (typeof node !== "string") found.push(node);
  };

  /** @param {number} way */
  const go = (way) => {
    if (!found.length) return;
    found[now]?.classList.remove("current");
    now = (now + way + found.length) % found.length;
    found[now]?.classList.add("current");
    found[now]?.scrollIntoView({ block: "center" });
    setText(told, t("count", { now: now + 1, all: found.length }));
  };

  /** @param {"previous" | "next"} word @param {string} sign @param {number} way */
  function step(word, sign, way) {
    return h(
      "button",
      {
        type: "button",
        disabled: true,
        "aria-label": t(word),
        title: t(word),
        onclick: () => go(way),
      },
      sign,
    );
  }

  let typing = 0;
  field.addEventListener("input", () => {
    clearTimeout(typing);
    typing = window.setTimeout(() => search(), TYPING_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    go(event.shiftKey ? -1 : 1);
  });

  // Made anew after a correction: what was chosen still is, and nothing jumps.
  if (chosen.size > 0 || sought.query) filter(true);
  return [
    speakers.length > 1 && chips(speakers, places, chosen, filter),
    h("div", { class: "finder", role: "search" }, field, told, ...steps),
    nothing,
  ];
}

/**
 * @param {Speakers} speakers
 * @param {readonly import("./record.js").Place[]} places
 * @param {Set<string>} chosen Changed by these buttons; empty: everybody.
 * @param {() => void} filter
 */
function chips(speakers, places, chosen, filter) {
  const row = h("div", { class: "row chips", role: "group", "aria-label": t("filter") });
  const show = () => {
    for (const button of row.querySelectorAll("button")) {
      const seat = button.dataset["seat"];
      const isOn = seat === undefined ? chosen.size === 0 : chosen.has(seat);
      button.setAttribute("aria-pressed", String(isOn));
    }
  };
  /** @param {string | null} seat */
  const press = (seat) => {
    if (seat === null) chosen.clear();
    else if (!chosen.delete(seat)) chosen.add(seat);
    show();
    filter();
  };
  fill(
    row,
    h("button", { type: "button", onclick: () => press(null) }, t("everybody")),
    ...speakers.map((one) =>
      h(
        "button",
        { type: "button", class: seatClass(one.seat), "data-seat": one.key, onclick: () => press(one.key) },
        badge(one),
        bdi(speakerName(one, places)),
        ` ${one.count}`,
      ),
    ),
  );
  show();
  return row;
}
