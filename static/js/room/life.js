/** Whether an interview is ending: no message says so, the server's answer on entering does. */

import { json, sessionPath } from "../api.js";

/**
 * @param {string} session
 * @returns {Promise<"live" | "ending" | null>} Null: unknown, or over; the connection has that news.
 */
export async function lifeBeforeTheEnd(session) {
  try {
    const { life } = await json("GET", sessionPath(session, "/join"));
    return life === "live" || life === "ending" ? life : null;
  } catch {
    return null;
  }
}
