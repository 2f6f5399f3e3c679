/** Whether a microphone works, as a pure function of what has happened to it. */

/**
 * ```
 * open -> lost (interrupted, denied) -> reopening -> open
 * open -> reopening (ended, choose) -> open, or lost (unplugged, denied, interrupted)
 * lost (interrupted) -> open when the sound comes back by itself; any -> closed
 * ```
 *
 * @typedef {"unplugged" | "denied" | "interrupted"} LostReason
 * @typedef {object} Health
 * @property {"open" | "reopening" | "lost" | "closed"} phase
 * @property {LostReason | null} reason What people were told last; null: nothing is wrong.
 * @property {number} attempt Counts the reopenings: an answer to an older one is too late.
 *
 * @typedef {{type: "ended" | "interrupted" | "resumed" | "denied" | "granted" | "devices"
 *   | "visible" | "retry" | "choose" | "close"}
 *   | {type: "opened", attempt: number}
 *   | {type: "failed", attempt: number, problem: import("./problem.js").ProblemKind}} Happening
 */

/** @type {Health} */
export const HEALTHY = { phase: "open", reason: null, attempt: 0 };

/** @param {Health} health @param {Happening} happening @returns {Health} */
export function step(health, happening) {
  const { phase, reason } = health;
  if (phase === "closed") return health;
  switch (happening.type) {
    case "close":
      return { ...health, phase: "closed" };
    case "choose":
      return reopening(health);
    case "ended":
      return phase === "reopening" || reason === "denied" ? health : reopening(health);
    case "interrupted":
      return phase === "open" ? lost(health, "interrupted") : health;
    case "resumed":
      return phase === "lost" && reason === "interrupted" ? healthy(health) : health;
    case "denied":
      return lost(health, "denied");
    case "granted":
      return reason === "denied" ? retried(health) : health;
    case "devices":
      return reason === "unplugged" ? retried(health) : health;
    case "visible":
      return reason === "denied" ? health : retried(health);
    case "retry":
      return retried(health);
    case "opened":
      return isCurrent(health, happening.attempt) ? healthy(health) : health;
    case "failed":
      return isCurrent(health, happening.attempt)
        ? lost(health, reasonOf(happening.problem))
        : health;
    default:
      return unreachable(happening);
  }
}

/** @param {Health} health @param {number} attempt */
export function isCurrent(health, attempt) {
  return health.phase === "reopening" && health.attempt === attempt;
}

/** @param {Health} health @returns {Health} */
function healthy(health) {
  return { ...health, phase: "open", reason: null };
}

/** @param {Health} health @param {LostReason} reason @returns {Health} */
function lost(health, reason) {
  return { ...health, phase: "lost", reason };
}

/** @param {Health} health @returns {Health} */
function retried(health) {
  return health.phase === "lost" ? reopening(health) : health;
}

/** @param {Health} health @returns {Health} The reason stays until it is known to be over. */
function reopening(health) {
  return { ...health, phase: "reopening", attempt: health.attempt + 1 };
}

/** @param {import("./problem.js").ProblemKind} problem @returns {LostReason} */
function reasonOf(problem) {
  if (problem === "none") return "unplugged";
  const isForbidden = ["denied", "dismissed", "system"].includes(problem);
  return isForbidden ? "denied" : "interrupted";
}

/** @param {never} happening @returns {never} */
function unreachable(happening) {
  throw new Error(`unknown happening ${JSON.stringify(happening)}`);
}
