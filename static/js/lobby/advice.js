/** What to do when the microphone does not work. Pure. */

/**
 * @typedef {import("../microphone/browser.js").Browser} Browser
 * @typedef {import("../texts/lobby.js").Key} Key
 * @typedef {{title: Key, step: Key}} Advice What is wrong, and the next step.
 */

/**
 * @param {import("../microphone/problem.js").ProblemKind} problem
 * @param {Browser} browser
 * @returns {Advice}
 */
export function adviceOn(problem, browser) {
  // Inside an app there are no settings to change: the way out is the way on.
  const outside = ["denied", "unsupported"].includes(problem) && adviceOnApp(browser);
  if (outside) return { title: problem, step: outside.step };
  if (problem === "denied") return { title: "denied", step: deniedStep(browser) };
  return { title: problem, step: `${problem}Step` };
}

/** @param {Browser} browser @returns {Advice | null} Null: this is a browser of its own. */
export function adviceOnApp({ app, system }) {
  if (!app) return null;
  /** @type {Record<Browser["system"], Key>} */
  const steps = { ios: "outsideIos", android: "outsideAndroid", computer: "outsideComputer" };
  return { title: app, step: steps[system] };
}

/** @param {Browser} browser @returns {Key} */
function deniedStep({ family, system }) {
  if (system === "ios") return family === "safari" ? "deniedSafariIos" : "deniedOtherIos";
  if (family === "firefox") return "deniedFirefox";
  if (system === "android") return family === "samsung" ? "deniedSamsung" : "deniedChromeAndroid";
  return family === "safari" ? "deniedSafariMac" : "deniedComputer";
}
