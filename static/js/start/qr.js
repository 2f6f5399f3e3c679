/** A QR code as large as the screen allows. */

import { h } from "../dom.js";
import { bdi } from "../names.js";
import { t } from "../texts/start.js";

/** @param {string} qr A data address. @param {string} person */
export function enlarge(qr, person) {
  const dialog = h(
    "dialog",
    { class: "large-qr", "aria-label": t("linkOf", { person }) },
    h("p", {}, h("strong", {}, bdi(person))),
    h("img", { src: qr, alt: t("linkOf", { person }) }),
    h("p", { class: "quiet-text" }, t("qrHelp")),
    h("button", { type: "button", autofocus: true, onclick: () => dialog.close() }, t("close")),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
