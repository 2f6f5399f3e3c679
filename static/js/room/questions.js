/** What is asked before something that cannot be undone. */

import { confirmed } from "../dom.js";
import { t } from "../texts/room.js";

export const mayEnd = () =>
  confirmed({
    title: t("endQuestion"),
    text: t("endText"),
    agree: t("endAgree"),
    refuse: t("cancel"),
    isDangerous: true,
  });

export const mayWithdraw = () =>
  confirmed({
    title: t("withdrawQuestion"),
    text: t("withdrawText"),
    agree: t("withdrawAgree"),
    refuse: t("cancel"),
    isDangerous: true,
  });

export const mayConfirmRoom = () =>
  confirmed({
    title: t("roomQuestion"),
    text: t("roomQuestionText"),
    agree: t("roomAgree"),
    refuse: t("cancel"),
  });

export const mayLeaveUnsaved = () =>
  confirmed({
    title: t("leaveQuestion"),
    text: t("leaveText"),
    agree: t("leave"),
    refuse: t("cancel"),
  });
