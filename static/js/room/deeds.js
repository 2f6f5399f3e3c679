/** What is asked of the server after a person has confirmed it. */

import { t } from "../texts/room.js";
import { mayConfirmRoom, mayEnd, mayWithdraw } from "./questions.js";
import { why } from "./refusals.js";
import { toast } from "./toast.js";

/** @typedef {import("../connection/connection.js").Connection} Connection */

/** The end waits for open words at the server, then for us to hear of it. */
const END_PATIENCE_S = 40;
/** Codes that come because the deed is done already, or because the person has left. */
const NO_NEWS = new Set(["left", "session_over"]);

/** @param {Connection} connection @param {import("./own.js").OwnSound} own */
export async function withdraw(connection, own) {
  if (!(await mayWithdraw())) return;
  // The device first: whatever the network does, nothing more is sent.
  own.withdraw();
  await asked(connection, { type: "withdraw_consent" });
}

/** @param {Connection} connection */
export async function confirmRoom(connection) {
  if (await mayConfirmRoom()) await asked(connection, { type: "confirm_room" });
}

/** @param {Connection} connection @returns {Promise<boolean>} Whether the interview has ended. */
export async function end(connection) {
  if (!(await mayEnd())) return false;
  const close = toast(t("ending"), true);
  const isDone = await asked(connection, { type: "session_end" }, END_PATIENCE_S);
  close();
  return isDone;
}

/**
 * @param {Connection} connection
 * @param {{type: string}} command
 * @param {number} [patience_s]
 * @returns {Promise<boolean>} Whether it was done; if not, the page has said why.
 */
async function asked(connection, command, patience_s = 15) {
  try {
    await connection.command(command, { patience_s });
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!NO_NEWS.has(code)) toast(t("commandFailed", { why: why(error) }));
    return false;
  }
}
