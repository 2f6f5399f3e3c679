/** One person's link: copy, share, QR. */

import { fill, h, setText, tell } from "../dom.js";
import { bdi } from "../names.js";
import { personName, seatClass } from "../seats.js";
import { t } from "../texts/start.js";
import { copyField } from "./copy.js";
import { address } from "./doors.js";
import { enlarge } from "./qr.js";

/** Three pixels and more for each square of a usual link's code, its quiet zone included. */
const QR_PX = 264;

/**
 * @param {import("./links.js").Links} links
 * @param {import("./people.js").Person} one
 */
export function linkCard(links, one) {
  const person = one.seat
    ? personName(one.seat, [{ seat: one.seat, name: one.name }])
    : t("roomMicrophone");
  const item = h("li", {
    class: `person ${seatClass(one.seat)}${one.isMine ? " mine" : ""}`,
    "data-seat": one.seat ?? "",
  });
  if (one.link) fill(item, ...made(links, one, one.link, person));
  else fill(item, ...notMade(one, person));
  return item;
}

/** @param {import("./people.js").Person} one @param {string} person */
function notMade(one, person) {
  return [
    h(
      "div",
      { class: "row" },
      h("strong", { class: "who grow" }, bdi(person)),
      h(
        "button",
        {
          type: "button",
          "aria-label": t("makeLinkOf", { person }),
          onclick: (event) =>
            tell(event.currentTarget, "make-link", { person: one, isMine: false }),
        },
        t("makeLink"),
      ),
      one.seat?.startsWith("면접관") &&
        h(
          "button",
          {
            type: "button",
            class: "quiet",
            "aria-label": t("takeSeatOf", { person }),
            onclick: (event) =>
              tell(event.currentTarget, "make-link", { person: one, isMine: true }),
          },
          t("takeSeat"),
        ),
    ),
  ];
}

/**
 * @param {import("./links.js").Links} links
 * @param {import("./people.js").Person} one
 * @param {import("./doors.js").Link} link
 * @param {string} person
 */
function made(links, one, link, person) {
  const title = links.title || t("untitled");
  const url = address(links.session, link);
  const field = h("input", {
    class: "grow url",
    readonly: true,
    value: url,
    "aria-label": t("linkOf", { person }),
    onfocus: (event) => event.target.select(),
  });
  const news = h("span", { class: "good news", role: "status" });
  return [
    h("p", { class: "sheet" }, bdi(title)),
    h(
      "div",
      { class: "row" },
      h("strong", { class: "who" }, bdi(person)),
      one.isMine && h("span", { class: "tag" }, t("mine")),
    ),
    explained(one),
    h(
      "div",
      { class: "row controls" },
      field,
      copyButton(field, person, news),
      shareButton(url, title, person),
    ),
    news,
    link.qr && picture(link.qr, person),
    h("p", { class: "sheet" }, t(link.qr ? "printHelp" : "printHelpNoQr")),
    h("p", { class: "sheet address" }, url),
  ];
}

/** @param {import("./people.js").Person} one */
function explained(one) {
  if (one.isMine) return h("p", { class: "hint warn screen" }, t("mineText"));
  return one.seat ? null : h("p", { class: "hint" }, t("roomMicrophoneText"));
}

/** @param {HTMLInputElement} field @param {string} person @param {HTMLElement} news */
function copyButton(field, person, news) {
  return h(
    "button",
    {
      type: "button",
      class: "copy",
      "aria-label": t("copyOf", { person }),
      onclick: async () => {
        const isCopied = await copyField(field);
        news.className = isCopied ? "good news" : "warn news";
        setText(news, t(isCopied ? "copied" : "copyByHand"));
      },
    },
    t("copy"),
  );
}

/** @param {string} url @param {string} title @param {string} person */
function shareButton(url, title, person) {
  if (typeof navigator.share !== "function") return null;
  const text = t("shareText", { title });
  return h(
    "button",
    {
      type: "button",
      "aria-label": t("shareOf", { person }),
      // Rejects when the person closes the sheet: their choice, not an error.
      onclick: () => void navigator.share({ title, text, url }).catch(() => {}),
    },
    t("share"),
  );
}

/** @param {string} qr @param {string} person */
function picture(qr, person) {
  return h(
    "button",
    {
      type: "button",
      class: "qr",
      "aria-label": t("qrOf", { person }),
      onclick: () => enlarge(qr, person),
    },
    h("img", { src: qr, alt: "", width: QR_PX, height: QR_PX }),
  );
}
