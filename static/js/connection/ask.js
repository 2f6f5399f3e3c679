/** One command over a WebSocket of its own, for pages that hold no connection. */

import { ApiError, json, sessionPath } from "../api.js";
import { codeOf, Refusal } from "./codes.js";
import { newId } from "./ids.js";
import { openSocket } from "./socketdoor.js";

const PATIENCE_MS = 10_000;

/**
 * Asks and returns the answer.
 *
 * @param {string} session
 * @param {{type: string} & Record<string, unknown>} command
 * @returns {Promise<any>}
 * @throws {ApiError}
 */
export async function ask(session, command) {
  try {
    return await asked(session, { id: newId(), ...command });
  } catch (error) {
    // A refused WebSocket does not say why; the same question over HTTP does.
    if (codeOf(error) === "unreachable") await json("GET", sessionPath(session, "/join"));
    const sentence = error instanceof Refusal ? error.sentence : "";
    throw new ApiError(codeOf(error), 0, sentence);
  }
}

/** @param {string} session @param {{type: string, id: string}} command @returns {Promise<any>} */
async function asked(session, command) {
  let settle = /** @type {(result: any) => void} */ (() => undefined);
  const result = new Promise((resolve) => (settle = resolve));
  const door = await openSocket(session, { message: settle, closed: settle });
  const timer = setTimeout(() => settle("unreachable"), PATIENCE_MS);
  try {
    door.send(JSON.stringify(command));
    const message = await result;
    if (typeof message === "string") throw new Refusal(message === "lost" ? "unreachable" : message);
    if (message.type === "error") throw new Refusal(message.code, message.error);
    return message;
  } finally {
    clearTimeout(timer);
    door.close();
  }
}
