/** Notices that the record on the server is no longer the one shown. */

import { json, sessionPath } from "../api.js";

const SOON_S = [10, 30, 60];
const LATER_S = 120;

/**
 * Looks now and then while the page is visible, sooner at first: words that were still in work
 * at the end of an interview follow within a minute.
 *
 * @param {string} session
 * @param {{life: string, revision: number}} shown
 * @param {(news: "changed" | "over") => void} onNews Called once.
 * @returns {() => void} Stops watching.
 */
export function watch(session, shown, onNews) {
  let [timer, looks, isStopped] = [0, 0, false];
  const isLive = shown.revision === 0;

  const look = async () => {
    clearTimeout(timer);
    if (isStopped) return;
    looks += 1;
    if (!document.hidden && (await isNew().catch(() => false)) && !isStopped) {
      stop();
      onNews(isLive ? "over" : "changed");
      return;
    }
    timer = window.setTimeout(look, (SOON_S[looks] ?? LATER_S) * 1000);
  };

  const isNew = async () => {
    // While live only its end is news; the words grow all the time.
    if (isLive) {
      const join = await json("GET", sessionPath(session, "/join"));
      return join.life === "review" || join.life === "erased";
    }
    const { revision, life } = await json("GET", sessionPath(session, "/result"));
    return revision !== shown.revision || life !== shown.life;
  };

  const stop = () => {
    isStopped = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
  };

  document.addEventListener("visibilitychange", look);
  timer = window.setTimeout(look, (SOON_S[0] ?? LATER_S) * 1000);
  return stop;
}
