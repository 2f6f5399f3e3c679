/** The first page: for the person who arranges interviews. */

import { ApiError, pageUrl, token } from "./api.js";
import { byId, fill, h } from "./dom.js";
import { client } from "./start/client.js";
import { isWell, sessions } from "./start/doors.js";
import { manage } from "./start/manage.js";
import { recording } from "./start/recording.js";
import { destination } from "./start/rights.js";
import { languageSwitch } from "./texts.js";
import { t } from "./texts/start.js";

const NO_RIGHTS = ["link_required", "link_invalid", "forbidden", "other_session"];
const page = byId("page");
const body = h("div", { id: "body" });
const health = h("p", { id: "health", role: "status" });
/** @type {(() => void)[]} */
let shows = [];

const heading = h("h1", {}, "대담 ", h("span", { lang: "en" }, "Daedam"));
fill(page, h("header", { class: "masthead" }, heading, languageSwitch()), body, health);

async function open() {
  const where = destination(token);
  if (where.kind === "room") {
    location.replace(pageUrl("room", where.session));
    return;
  }
  fill(body, h("p", { class: "quiet-text", role: "status" }, t("loading")));
  try {
    await sessions("live", "", null);
    showManagement(where.kind === "one");
  } catch (error) {
    const isRefused = error instanceof ApiError && NO_RIGHTS.includes(error.code);
    if (isRefused) showRefusal(/** @type {ApiError} */ (error));
    else showProblem(error);
  }
}

/** @param {boolean} isScoped */
function showManagement(isScoped) {
  const views = [manage({ isScoped }), client()];
  if (!isScoped) views.push(recording());
  const [desk] = views;
  fill(body, ...views.map((view) => view.element));
  shows = views.map((view) => view.show);
  const refresh = /** @type {ReturnType<typeof manage>} */ (desk).refresh;
  body.addEventListener("sessions-changed", () => void refresh());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) void refresh();
  });
  void refresh();
}

/** @param {ApiError} error */
function showRefusal(error) {
  const show = () =>
    fill(
      body,
      h(
        "section",
        { class: "card" },
        h("h2", {}, t("linkNeeded")),
        // Without a link there is nothing wrong to tell, only what to do.
        error.code !== "link_required" && h("p", { class: "bad", role: "alert" }, error.message),
        h("p", {}, t("linkNeededText")),
      ),
    );
  shows = [show];
  show();
}

/** @param {unknown} error */
function showProblem(error) {
  const words = error instanceof Error ? error.message : String(error);
  const retry = h("button", { type: "button", onclick: () => void open() }, t("retry"));
  const told = h("p", { class: "bad", role: "alert" }, words);
  fill(body, h("section", { class: "card" }, told, retry));
  shows = [];
}

async function showHealth() {
  const is = await isWell();
  health.className = is ? "good" : "bad";
  health.textContent = t(is ? "well" : "unwell");
}

document.addEventListener("languagechange", () => {
  for (const show of shows) show();
  void showHealth();
});
// Another link pasted into this tab: the address changes, the page would not.
window.addEventListener("hashchange", () => location.reload());
void open();
void showHealth();
