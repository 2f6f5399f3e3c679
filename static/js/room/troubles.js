/** What the banner says: what is wrong now, what is done about it, and what became of it. Pure. */

import { untold } from "../state/hearing.js";
import { sessionTime } from "../state/looks.js";
import { errorText } from "../texts/errors.js";
import { t } from "../texts/room.js";
import { t as say } from "../texts/speakers.js";
import { isDirecting } from "./scene.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {{text: string, kind: "bad" | "warn" | "calm" | "good", button?: string,
 *   intent?: string}} Trouble
 *
 * @typedef {object} Past What a scene does not tell by itself; this machine's clock.
 * @property {number | null} began_s When this page was first connected: what was lost before, while
 *   it was loaded anew perhaps, the person knows.
 * @property {number | null} mute_s Since when no sound can have reached the server.
 * @property {number} unwell_s When there last was none, or a doubtful one.
 * @property {number} deaf_s When the microphone itself last gave nothing.
 * @property {boolean} wasHeard Whether the last connection carried sound: only then it is kept.
 */

/**
 * What is said in a longer absence may not reach the record: 30 s after the last sound the seat's
 * track has ended, and the page notices some 3 s late that nothing goes through.
 */
const KEPT_S = 27;
/** Nobody wants to know of a hole in their words that they were never told of; a gap will be. */
const RECENT_S = 60;
/** How long a loss is told, and from which length on. */
const TOLD_S = 12;
const NOTED_S = 1;

/** @type {Past} */
export const NOTHING_YET = {
  began_s: null,
  mute_s: null,
  unwell_s: -Infinity,
  deaf_s: -Infinity,
  wasHeard: false,
};

/** @param {Past} past @param {Scene} scene @returns {Past} */
export function remembered(past, { link, own, now_s }) {
  const isAway = link.phase === "waiting";
  const isWell = link.phase === "open" && link.door === "peer" && !link.isSuspect;
  return {
    began_s: past.began_s ?? (link.phase === "open" ? now_s : null),
    mute_s: isWell ? null : (past.mute_s ?? now_s),
    unwell_s: isAway || link.isSuspect ? now_s : past.unwell_s,
    deaf_s: own.lost === null ? past.deaf_s : now_s,
    wasHeard: link.phase === "open" ? link.door === "peer" : past.wasHeard,
  };
}

/** @param {Scene} scene @param {Past} past @returns {Trouble | null} The worst. */
export function troubleOf(scene, past) {
  return (
    linkTrouble(scene, past) ??
    ownTrouble(scene) ??
    unsteady(scene, past) ??
    lostWords(scene, past) ??
    blocked(scene) ??
    resending(scene, past) ??
    nameless(scene)
  );
}

/** @param {Scene} scene @param {Past} past @returns {Trouble | null} */
function linkTrouble(scene, past) {
  const { link } = scene;
  if (link.phase === "waiting") return { text: waiting(scene, past), kind: "warn" };
  if (link.phase !== "stopped" || link.code === "session_over") return null;
  const button = t(link.code === "replaced" ? "useHere" : "retry");
  return { text: errorText(link.code ?? "internal"), kind: "bad", button, intent: "again" };
}

/** @param {Scene} scene @param {Past} past @returns {string} */
function waiting(scene, past) {
  const isKept = isSpeaking(scene) && past.wasHeard && !isLong(scene, past);
  const words = [t("lostConnection")];
  if (isSpeaking(scene) && isLong(scene, past)) words.push(t("lostUnkept"));
  if (isDirecting(scene.join)) words.push(t(isKept ? "lostKeptBoth" : "lostNotes"));
  else if (isKept) words.push(t("lostKept"));
  return [...words, t("lostStay")].join(" ");
}

/** @param {Scene} scene @param {Past} past @returns {boolean} Too long for words to be kept. */
const isLong = ({ now_s }, { mute_s }) => now_s - (mute_s ?? now_s) >= KEPT_S;

/** @param {Scene} scene @returns {boolean} Whether their words would be sent. */
function isSpeaking({ own }) {
  return own.hasMicrophone && !own.hasWithdrawn && !own.isMuted && own.lost === null;
}

/** @param {Scene} scene @returns {Trouble | null} */
function ownTrouble({ own, link, join }) {
  if (own.hasWithdrawn) {
    const button = t("consentAgain");
    return { text: t("withdrawn"), kind: "warn", button, intent: "consent-again" };
  }
  if (!own.hasMicrophone) return null;
  if (own.lost === "unplugged") return { text: t("unplugged"), kind: "bad" };
  if (own.lost === "denied") return { text: t("denied"), kind: "bad" };
  if (own.lost === "interrupted") return { text: t("interrupted"), kind: "warn" };
  if (link.door === "socket" && link.reason === "consent_required") {
    const button = t("consentAgain");
    return { text: errorText("consent_required"), kind: "warn", button, intent: "consent-again" };
  }
  if (link.door === "socket") {
    const isHopeless = link.reason === "unsupported" || link.reason === "bad_offer";
    const others = t(isDirecting(join) ? "captionsAndNotesGoOn" : "captionsGoOn");
    return { text: t(isHopeless ? "soundlessHere" : "soundless", { others }), kind: "warn" };
  }
  return null;
}

/** @param {Scene} scene @param {Past} past @returns {Trouble | null} */
function unsteady(scene, past) {
  if (!scene.link.isSuspect) return null;
  const isKept = isSpeaking(scene) && !isLong(scene, past);
  const words = [t("unsteady"), t(isKept ? "unsteadyKept" : "unsteadyWait")];
  return { text: words.join(" "), kind: "warn" };
}

/** @param {Scene} scene @param {Past} past @returns {Trouble | null} Words that nobody has. */
function lostWords({ state, join, own, now_s }, { began_s, deaf_s, unwell_s }) {
  const now = sessionTime(state, now_s);
  const known_s = Math.max(began_s ?? now_s, deaf_s);
  const isTold = (/** @type {import("../state/lines.js").Gap} */ gap) =>
    gap.track === join.seat && now - gap.at < TOLD_S && gap.end - gap.start >= NOTED_S;
  const gap = state.lines.find((line) => line.kind === "gap" && isTold(line));
  // That the device itself gave nothing has been said already.
  if (gap && sessionTime(state, known_s) < gap.start) {
    return { text: t("wordsLost", { s: Math.round(gap.end - gap.start) }), kind: "warn" };
  }
  const isFailed = own.resending === "failed" && now_s - unwell_s <= RECENT_S;
  return isFailed ? { text: t("resendFailed"), kind: "warn" } : null;
}

/** @param {Scene} scene @returns {Trouble | null} */
function blocked({ sound }) {
  if (!sound?.isBlocked) return null;
  return { text: t("soundBlocked"), kind: "warn", button: t("soundPlay"), intent: "hear" };
}

/** @param {Scene} scene @param {Past} past @returns {Trouble | null} */
function resending({ own, now_s }, { unwell_s }) {
  if (now_s - unwell_s > RECENT_S) return null;
  if (own.resending === "sent") return { text: t("resent"), kind: "good" };
  const isGoingOn = own.resending === "waiting" || own.resending === "sending";
  return isGoingOn ? { text: t("resending"), kind: "calm" } : null;
}

/** @param {Scene} scene @returns {Trouble | null} Who can put names right is told why they have to. */
function nameless({ state, join, link, now_s }) {
  if (!isDirecting(join) || link.phase !== "open") return null;
  const told = untold(state, now_s);
  if (told === null) return null;
  if (told.state === "behind") return { text: say("behindSpeakers"), kind: "calm" };
  const known = /** @type {const} */ (["missing", "failed", "disabled"]);
  const reason = known.find((one) => one === told.reason);
  const why = say(reason ? `off_${reason}` : "off_");
  return { text: `${say("off", { why })} ${say("offHelp")}`, kind: "warn" };
}
