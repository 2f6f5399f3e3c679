/** Which browser this is: only to tell people where its microphone settings are. */

/**
 * @typedef {"kakaotalk" | "naver" | "line" | "instagram" | "facebook" | "other"} App
 * @typedef {"chrome" | "samsung" | "safari" | "firefox" | "other"} Family
 * @typedef {{app: App | null, family: Family, system: "ios" | "android" | "computer"}} Browser
 *   `app`: the page is shown inside that app, where the microphone often does not work.
 */

/** @type {readonly [RegExp, App][]} */
const APPS = [
  [/KAKAOTALK/i, "kakaotalk"],
  [/NAVER\(inapp/i, "naver"],
  [/\bLine\//i, "line"],
  [/Instagram/i, "instagram"],
  [/\bFBA[NV]\/|\bFB_IAB\//, "facebook"],
  [/; wv\)|DaumApps|everytimeApp|\bBAND\/|GSA\//i, "other"],
];

/** @type {readonly [RegExp, Family][]} */
const FAMILIES = [
  [/SamsungBrowser\//, "samsung"],
  [/Firefox\/|FxiOS\//, "firefox"],
  [/Chrome\/|CriOS\/|Chromium\//, "chrome"],
  [/Safari\//, "safari"],
];

/**
 * @param {string} userAgent
 * @param {number} [maxTouchPoints] Tells an iPad from a Mac: both say "Macintosh".
 * @returns {Browser}
 */
export function browserOf(userAgent, maxTouchPoints = 0) {
  const system = systemOf(userAgent, maxTouchPoints);
  const family = find(FAMILIES, userAgent) ?? "other";
  let app = find(APPS, userAgent);
  // A web view on iOS leaves out "Safari", which every browser there says.
  if (!app && system === "ios" && family === "other") app = "other";
  return { app, family, system };
}

/** @param {string} userAgent @param {number} maxTouchPoints @returns {Browser["system"]} */
function systemOf(userAgent, maxTouchPoints) {
  if (/iPhone|iPad|iPod/.test(userAgent)) return "ios";
  if (/Macintosh/.test(userAgent) && maxTouchPoints > 1) return "ios";
  return /Android/.test(userAgent) ? "android" : "computer";
}

/**
 * @template T
 * @param {readonly [RegExp, T][]} table
 * @param {string} userAgent
 * @returns {T | null}
 */
function find(table, userAgent) {
  return table.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
}
