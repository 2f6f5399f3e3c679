/** Try it with a recording. */

import { pageUrl } from "../api.js";
import { fill, h, setText, tell } from "../dom.js";
import { t } from "../texts/start.js";
import { clock } from "../time.js";
import { tryRecording } from "./trial.js";

/** Tells `sessions-changed` when a try has left a record. */
export function recording() {
  const summary = h("summary", {});
  const text = h("p", { class: "quiet-text" });
  const input = h("input", {
    id: "recording",
    type: "file",
    accept: "audio/*,video/webm,video/mp4",
    class: "unseen",
  });
  const label = h("span", { class: "button" });
  const progress = h("p", { id: "progress", role: "status" });
  const words = h("ol", { id: "words", class: "list" });
  const element = h(
    "details",
    { class: "card" },
    summary,
    text,
    h("label", { class: "file" }, input, label),
    progress,
    words,
  );

  /** @param {File} file */
  const run = async (file) => {
    const began = performance.now();
    const seconds = () => Math.round((performance.now() - began) / 1000);
    fill(words);
    progress.className = "";
    setText(progress, t("working", { s: 0 }));
    const timer = setInterval(() => setText(progress, t("working", { s: seconds() })), 1000);
    try {
      const { session, segments } = await tryRecording(file);
      const first = segments[0]?.start ?? 0;
      fill(words, ...segments.map((segment) => heard(segment, first)));
      fill(progress, ...outcome(segments.length > 0, session, seconds()));
      if (segments.length) tell(element, "sessions-changed");
    } catch (error) {
      progress.className = "bad";
      setText(progress, error instanceof Error ? error.message : String(error));
    } finally {
      clearInterval(timer);
    }
  };

  input.addEventListener("change", async () => {
    const file = input.files?.[0];
    if (!file) return;
    input.disabled = true;
    await run(file);
    input.disabled = false;
    input.value = "";
    input.focus();
  });

  const show = () => {
    fill(summary, t("tryTitle"));
    fill(text, t("tryText"));
    fill(label, t("choose"));
  };
  show();
  return { element, show };
}

/** @param {import("./trial.js").Heard} segment @param {number} first */
function heard(segment, first) {
  return h(
    "li",
    { class: "row" },
    h("span", { class: "quiet-text" }, clock(segment.start - first)),
    h("span", { class: "grow" }, segment.text),
  );
}

/** @param {boolean} hasWords @param {string} session @param {number} s */
function outcome(hasWords, session, s) {
  if (!hasWords) return [t("silent")];
  return [`${t("done", { s })} `, h("a", { href: pageUrl("review", session) }, t("openReview"))];
}
