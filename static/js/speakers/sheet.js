/** A small window beside what it is about; on narrow screens it rises from below. */

import { fill, h } from "../dom.js";
import { t } from "../texts/speakers.js";

const EDGE_PX = 8;

/**
 * @typedef {object} Sheet
 * @property {(title: string, ...content: import("../dom.js").Child[]) => void} show Its content anew.
 * @property {() => void} close
 * @property {Promise<void>} closed
 */

/** @param {Element | null} anchor What it stands beside. @returns {Sheet} */
export function sheet(anchor) {
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": "sheet-title" });
  document.body.append(dialog);
  const close = () => dialog.close();
  dialog.addEventListener("click", (event) => {
    // Beside the window: its backdrop counts as the dialog itself.
    if (event.target === dialog) close();
  });
  dialog.addEventListener("keydown", (event) => {
    if (/^Arrow(Up|Down)$/.test(event.key)) step(dialog, event);
  });
  /** @type {Promise<void>} */
  const closed = new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve();
    });
  });
  return {
    show(title, ...content) {
      const shut = h("button", { type: "button", class: "quiet shut", onclick: close }, "✕");
      shut.setAttribute("aria-label", t("close"));
      const head = h("h2", { id: "sheet-title", tabindex: -1 }, title);
      fill(dialog, h("div", { class: "sheet-body" }, h("div", { class: "sheet-head" }, head, shut), ...content));
      if (!dialog.open) dialog.showModal();
      place(dialog, anchor);
      const first = dialog.querySelector("[autofocus]") ?? head;
      if (first instanceof HTMLElement) first.focus({ preventScroll: true });
    },
    close,
    closed,
  };
}

/** @param {HTMLElement} dialog @param {Element | null} anchor Wide screens only; see speakers.css. */
function place(dialog, anchor) {
  const beside = anchor?.getBoundingClientRect();
  if (!beside || beside.height === 0) return;
  const { height, width } = dialog.getBoundingClientRect();
  const below = beside.bottom + EDGE_PX;
  const lowest = innerHeight - height - EDGE_PX;
  const rightmost = innerWidth - width - EDGE_PX;
  // Its anchor may have been scrolled away.
  const top = Math.max(EDGE_PX, below <= lowest ? below : Math.min(lowest, beside.top - height - EDGE_PX));
  dialog.style.setProperty("--top", `${Math.round(top)}px`);
  dialog.style.setProperty("--left", `${Math.round(Math.max(EDGE_PX, Math.min(beside.left, rightmost)))}px`);
}

/** Arrow keys go from choice to choice. @param {HTMLElement} dialog @param {KeyboardEvent} event */
function step(dialog, event) {
  const { target } = event;
  if (!(target instanceof HTMLElement) || !target.matches("button, h2")) return;
  const all = [...dialog.querySelectorAll("button:not(:disabled, .shut)")];
  const way = event.key === "ArrowDown" ? 1 : -1;
  const at = all.indexOf(target);
  const next = all[at < 0 ? 0 : (at + way + all.length) % all.length];
  if (!(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}
