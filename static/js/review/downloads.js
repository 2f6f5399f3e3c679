/** The record as files. */

import { request, sessionPath } from "../api.js";
import { h, setText } from "../dom.js";
import { t } from "../texts/review.js";
import { filename } from "./words.js";

/** @typedef {"text" | "json" | "srt" | "vtt" | "rttm"} Format */

/** @type {readonly [Format, string][]} */
const FORMATS = [
  ["text", "txt"],
  ["json", "json"],
  ["srt", "srt"],
  ["vtt", "vtt"],
  ["rttm", "rttm"],
];

/** @param {string} session */
export function downloads(session) {
  const news = h("p", { role: "status" });

  /** @param {Format} format @param {string} ending */
  const download = async (format, ending) => {
    news.className = "quiet-text";
    setText(news, t("preparing"));
    try {
      const name = await save(session, format, ending);
      setText(news, t("downloaded", { filename: name }));
    } catch (error) {
      news.className = "bad";
      setText(news, error instanceof Error ? error.message : String(error));
    }
  };

  return h(
    "section",
    { class: "card", id: "downloads", "aria-labelledby": "downloads-title" },
    h("h2", { id: "downloads-title" }, t("downloads")),
    h(
      "div",
      { class: "row" },
      ...FORMATS.map(([format, ending]) =>
        h(
          "button",
          {
            type: "button",
            "data-format": format,
            "aria-label": t("downloadAs", { format: t(format) }),
            onclick: () => download(format, ending),
          },
          t(format),
        ),
      ),
      h("button", { type: "button", onclick: () => window.print() }, t("print")),
    ),
    news,
  );
}

/**
 * A link cannot carry the bearer's header, so the file is fetched and then handed over.
 *
 * @param {string} session
 * @param {Format} format
 * @param {string} ending
 * @returns {Promise<string>} The file's name.
 */
async function save(session, format, ending) {
  const response = await request("GET", sessionPath(session, `/export?format=${format}`));
  const disposition = response.headers.get("Content-Disposition");
  const name = filename(disposition, `daedam-${session}.${ending}`);
  const url = URL.createObjectURL(await response.blob());
  h("a", { href: url, download: name }).click();
  // The browser has taken the file by then; at once would be too early for some.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return name;
}
