/** Why something was not done, in words for people. */

import { codeOf, Refusal } from "../connection/codes.js";
import { errorText } from "../texts/errors.js";
import { t } from "../texts/room.js";

/** @param {unknown} error @returns {string} */
export function why(error) {
  const code = codeOf(error);
  if (code === "late" || code === "overfull") return t(code);
  if (code === "lost") return t("lostWhy");
  return errorText(code, error instanceof Refusal ? error.sentence : "");
}
