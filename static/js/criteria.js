/** What is looked at in answers, as people read it. */

import { language } from "./texts.js";

/** @type {Record<string, string>} Those of the default criteria; others keep their own names. */
const ENGLISH = { 기술: "Skills", 경험: "Experience", 인성: "Conduct", 동기: "Motivation" };

/** @param {string} criterion */
export function criterionName(criterion) {
  return language() === "ko" ? criterion : (ENGLISH[criterion] ?? criterion);
}
