/** What the start page asks of the server. */

import { json, pageUrl, request, sessionPath, sessionsPath } from "../api.js";

/**
 * @typedef {{session: string, title?: string, job?: string, created_wall: number,
 *   last_wall: number, is_closed: boolean, is_erased: boolean,
 *   seats?: readonly {seat: string, name?: string | null}[]}} SessionInfo
 * @typedef {{role: string | null, seat: string | null, name: string | null, token: string,
 *   url: string | null, qr: string | null}} Link
 * @typedef {"live" | "past"} State
 */

export const PAGE = 20;

/**
 * @param {State} state
 * @param {string} search
 * @param {SessionInfo | null} last The last one shown; those after it are wanted.
 * @returns {Promise<SessionInfo[]>} The newest first.
 */
export function sessions(state, search, last) {
  const query = new URLSearchParams({ state, limit: String(PAGE) });
  if (search) query.set("search", search);
  if (last) query.set("before", String(last.created_wall));
  return json("GET", `${sessionsPath}?${query}`);
}

/** @param {unknown} body @returns {Promise<{session_id: string, links: Link[]}>} */
export function create(body) {
  return json("POST", sessionsPath, body);
}

/**
 * Makes a new link.
 *
 * @param {string} session
 * @param {{seat?: string, role?: string, name?: string}} whom
 * @returns {Promise<Link>}
 */
export function invite(session, whom) {
  return json("POST", sessionPath(session, "/invite"), whom);
}

/** @param {string} session */
export async function end(session) {
  await request("POST", sessionPath(session, "/end"));
}

/** @param {string} session Which has ended. */
export async function erase(session) {
  await request("DELETE", sessionPath(session));
}

/** @param {string} session @returns {Promise<{seats?: import("./people.js").Place[]}>} */
export function join(session) {
  return json("GET", sessionPath(session, "/join"));
}

/** @returns {Promise<boolean>} */
export async function isWell() {
  try {
    return (await request("GET", "/healthz")).ok;
  } catch {
    return false; // No answer is the answer.
  }
}

/** @param {string} session @param {Link} link @returns {string} The address to hand out. */
export function address(session, link) {
  return link.url ?? location.origin + pageUrl("room", session, link.token);
}
