/** What an operator sees: make interviews, hand out links, find, end and delete them. */

import { confirmed, h } from "../dom.js";
import { t } from "../texts/start.js";
import { createForm } from "./create.js";
import { create, end, erase, invite, join } from "./doors.js";
import { linksPanel } from "./links.js";
import { peopleWithLinks, peopleWithoutLinks, withLink } from "./people.js";
import { quickRoom } from "./quick.js";
import { sessionList } from "./sessions.js";

/** @param {{isScoped: boolean}} options `isScoped`: the link is for one session only. */
export function manage({ isScoped }) {
  const [quick, form, links] = [quickRoom(), createForm(), linksPanel()];
  const list = sessionList({ isScoped });
  const making = h("div", { class: "making", hidden: isScoped }, quick.element, form.element);
  const element = h("div", {}, links.element, making, list.element);
  /** @type {import("./links.js").Links | null} */
  let shown = null;

  /** @param {import("./links.js").Links | null} next */
  const showLinks = (next) => {
    shown = next;
    links.show(next);
    making.hidden = isScoped || next !== null;
  };

  element.addEventListener("create", async (event) => {
    const wanted = /** @type {CustomEvent} */ (event).detail;
    const origin = quick.element.contains(/** @type {Node} */ (event.target)) ? quick : form;
    origin.busy(true);
    try {
      const { session_id: session, links: made } = await create(wanted);
      const mine = wanted.operator_seat ?? null;
      const people = peopleWithLinks(made, mine);
      showLinks({ session, title: wanted.title, people, isNew: true, mine });
      form.reset();
      links.focus();
      void list.refresh();
    } catch (error) {
      origin.fail(sentence(error));
    }
    origin.busy(false);
  });

  element.addEventListener("close-links", () => {
    showLinks(null);
    list.announce("");
  });

  element.addEventListener("open-links", async (event) => {
    const { session, title } = /** @type {CustomEvent} */ (event).detail;
    list.say(session, t("loading"));
    try {
      const people = peopleWithoutLinks((await join(session)).seats ?? []);
      list.say(session, "");
      showLinks({ session, title, people, isNew: false, mine: null });
      links.focus();
    } catch (error) {
      list.say(session, sentence(error), true);
    }
  });

  element.addEventListener("make-link", async (event) => {
    const { person, isMine } = /** @type {CustomEvent} */ (event).detail;
    if (!shown) return;
    const session = shown.session;
    try {
      const link = await invite(session, whom(person, isMine));
      if (shown?.session !== session) return;
      const people = withLink(shown.people, person.seat, link).map((one) =>
        one.seat === person.seat ? { ...one, isMine } : one,
      );
      showLinks({ ...shown, people, problem: "" });
      links.focusLink(person.seat);
    } catch (error) {
      showLinks({ ...shown, problem: sentence(error) });
    }
  });

  element.addEventListener("end-session", async (event) => {
    const { session, title } = /** @type {CustomEvent} */ (event).detail;
    const isSure = await confirmed({
      title: t("endTitle"),
      text: t("endText", { session: title || session }),
      agree: t("end"),
      refuse: t("cancel"),
      isDangerous: true,
    });
    if (isSure) await settle(session, t("ending"), t("ended"), () => end(session));
  });

  element.addEventListener("delete-session", async (event) => {
    const { session, title, is_closed: isClosed } = /** @type {CustomEvent} */ (event).detail;
    const isSure = await confirmed({
      title: t(isClosed ? "deleteTitle" : "deleteLiveTitle"),
      text: t(isClosed ? "deleteText" : "deleteLiveText", { session: title || session }),
      agree: t(isClosed ? "delete" : "endAndDelete"),
      refuse: t("cancel"),
      isDangerous: true,
    });
    if (!isSure) return;
    await settle(session, t(isClosed ? "deleting" : "ending"), t("deleted"), async () => {
      if (!isClosed) await end(session);
      await erase(session);
    });
  });

  /**
   * @param {string} session
   * @param {string} doing
   * @param {string} done
   * @param {() => Promise<void>} act
   */
  const settle = async (session, doing, done, act) => {
    list.say(session, doing);
    try {
      await act();
      list.say(session, "");
      if (shown?.session === session) showLinks(null);
      await list.refresh();
      list.announce(done);
    } catch (error) {
      list.say(session, sentence(error), true);
      void list.refresh();
    }
  };

  return {
    element,
    refresh: list.refresh,
    show() {
      for (const view of [quick, form, list]) view.show();
      links.show();
    },
  };
}

/** @param {import("./people.js").Person} person @param {boolean} isMine */
function whom(person, isMine) {
  return {
    ...(person.seat ? { seat: person.seat } : { role: "microphone" }),
    ...(isMine ? { role: "operator" } : {}),
    ...(person.name ? { name: person.name } : {}),
  };
}

/** @param {unknown} error */
function sentence(error) {
  return error instanceof Error ? error.message : String(error);
}
