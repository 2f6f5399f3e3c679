/** The list of sessions as a value: pure functions. */

/**
 * @typedef {import("./doors.js").SessionInfo} SessionInfo
 * @typedef {"idle" | "loading" | "loaded" | "failed"} Phase
 * @typedef {{items: readonly SessionInfo[], last: SessionInfo | null, hasMore: boolean,
 *   phase: Phase, problem: string}} Group
 *   `last`: the last one that the server named, shown or not.
 */

/** @returns {Group} */
export function newGroup() {
  return { items: [], last: null, hasMore: false, phase: "idle", problem: "" };
}

/**
 * @param {Group} group
 * @param {readonly SessionInfo[]} page The next page.
 * @param {number} limit How many were asked for.
 * @returns {Group} With those that still say something; erased ones are gone for people.
 */
export function withPage(group, page, limit) {
  const known = new Set(group.items.map((item) => item.session));
  const news = page.filter((item) => !item.is_erased && !known.has(item.session));
  return {
    items: [...group.items, ...news],
    last: page.at(-1) ?? group.last,
    hasMore: page.length >= limit,
    phase: "loaded",
    problem: "",
  };
}

/** @param {SessionInfo} info @returns {string[]} The names of the people, in the order of seats. */
export function namesOf(info) {
  return (info.seats ?? []).flatMap((seat) => (seat.name ? [seat.name] : []));
}

/** @param {SessionInfo} info @returns {{interviewers: number, applicants: number}} */
export function counts(info) {
  const seats = info.seats ?? [];
  const interviewers = seats.filter((seat) => seat.seat.startsWith("면접관")).length;
  return { interviewers, applicants: seats.length - interviewers };
}
