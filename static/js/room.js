/** The room's page: who am I here, the lobby, then the room. */

import { json, pageUrl, sessionOfPage, sessionPath } from "./api.js";
import { byId } from "./dom.js";
import { lobby } from "./lobby/lobby.js";
import { Device } from "./room/device.js";
import { Live } from "./room/live.js";
import { showLoading, showOver, showRefused } from "./room/pages.js";
import { why } from "./room/refusals.js";
import { isDirecting } from "./room/scene.js";
import { t } from "./texts/room.js";

/** @typedef {import("./room/scene.js").Join} Join */

/** @param {HTMLElement} root */
async function open(root) {
  showLoading(root);
  document.title = t("pageTitle");
  /** @type {Join} */
  let join;
  try {
    join = await json("GET", sessionPath(sessionOfPage(), "/join"));
  } catch (error) {
    showRefused(root, () => why(error));
    return;
  }
  if (join.title) document.title = `대담 · ${join.title}`;
  if (join.life === "review" || join.life === "erased") return over(root, join);
  root.className = "page";
  root.replaceChildren();
  const ticket = await lobby(root, join);
  const Stay = ticket.join.role === "microphone" ? Device : Live;
  new Stay(root, ticket.join, ticket.microphone);
}

/** @param {HTMLElement} root @param {Join} join */
function over(root, { session, life, ...join }) {
  const canReview = isDirecting({ session, life, ...join }) && life === "review";
  if (canReview) location.replace(pageUrl("review", session));
  else showOver(root, { isErased: life === "erased", session, canReview, unsaved: [] });
}

// Another link for the same interview differs after the # only: browsers would stay as they are.
addEventListener("hashchange", () => location.reload());

void open(byId("room"));
