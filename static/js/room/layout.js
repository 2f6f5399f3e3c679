/** What stands on the page, by role. Wide screens show all panels, narrow ones the chosen tab. */

import { fill, h } from "../dom.js";
import { t } from "../texts/room.js";
import { voiceRow } from "../voice/row.js";
import { bannerView } from "./banner.js";
import { barView } from "./bar.js";
import { captionsView } from "./captions.js";
import { evaluationView } from "./evaluation.js";
import { headerView } from "./header.js";
import { notesView } from "./notes.js";
import { helpView, ownStateView } from "./ownstate.js";
import { peopleView } from "./people.js";
import { isDirecting } from "./scene.js";

/**
 * @typedef {import("./scene.js").Scene} Scene
 * @typedef {import("./scene.js").View} View
 * @typedef {object} Layout
 * @property {(scene: Scene) => void} show
 * @property {(segment: string) => void} reveal
 * @property {import("./notes.js").NotesView | null} notes
 * @property {(panel: Panel) => void} choose
 * @typedef {"captions" | "notes" | "evaluation" | "people"} Panel
 */

/** @type {readonly Panel[]} */
const PANELS = ["captions", "notes", "evaluation", "people"];

/**
 * @param {HTMLElement} root
 * @param {Scene} scene
 * @param {import("./scene.js").Microphone | null} microphone
 * @param {import("./notekeeper.js").Draft} draft
 * @param {() => Scene} sceneNow
 * @returns {Layout}
 */
export function layout(root, scene, microphone, draft, sceneNow) {
  const isDirector = isDirecting(scene.join);
  const captions = captionsView(isDirector);
  const notes = isDirector ? notesView(scene, draft, sceneNow) : null;
  const header = headerView();
  const banner = bannerView();
  const bar = barView(scene.join, microphone);
  /** @type {View[]} */
  const middle = isDirector
    ? [peopleView(scene.join), captions, /** @type {View} */ (notes), evaluationView()]
    : scene.join.role === "applicant"
      ? [ownStateView(), captions]
      : [captions];
  const choose = (/** @type {Panel} */ panel) => {
    root.dataset.chosen = panel;
    for (const tab of tabs.children) {
      tab.setAttribute("aria-current", String(tab.getAttribute("data-tab") === panel));
    }
  };
  const parts = middle.map(({ element }) => element);
  if (scene.join.role === "applicant") parts.splice(1, 0, voiceRow(scene.join));
  const tabs = h("nav", { class: "tabs", "aria-label": t("views") });
  fill(
    tabs,
    ...PANELS.map((panel) =>
      h("button", { type: "button", "data-tab": panel, onclick: () => choose(panel) }, t(panel)),
    ),
  );
  root.tabIndex = -1;
  root.className = `room ${isDirector ? "directing" : scene.join.role}`;
  fill(
    root,
    header.element,
    banner.element,
    h("div", { class: "panels" }, ...parts),
    scene.join.role === "applicant" && helpView(scene.join),
    isDirector && tabs,
    bar.element,
  );
  choose(/** @type {Panel} */ (root.dataset.chosen ?? "captions"));
  const views = [header, banner, ...middle, bar];
  return {
    show: (next) => views.forEach((view) => view.show(next)),
    reveal(segment) {
      choose("captions");
      captions.reveal(segment);
    },
    notes,
    choose,
  };
}
