/** The choice of devices; hidden where there is nothing to choose. */

import { fill, h } from "../dom.js";
import { t } from "../texts/lobby.js";

/**
 * @param {import("./microphone.js").Microphone} microphone
 * @param {(isChosen: boolean) => void} report Told after a choice whether it could be had.
 * @returns {HTMLElement}
 */
export function picker(microphone, report) {
  const select = h("select", { "aria-label": t("device"), onchange: choose });
  const element = h("div", { class: "picker", hidden: true }, select);

  async function choose() {
    select.disabled = true;
    try {
      await microphone.choose(select.value);
      report(true);
    } catch {
      report(false);
    }
    select.disabled = false;
    await show();
  }

  async function show() {
    const devices = await microphone.devices().catch(() => []);
    const options = devices.map((device, index) =>
      h(
        "option",
        { value: device.deviceId },
        device.label || t("deviceUnnamed", { number: index + 1 }),
      ),
    );
    fill(select, ...options);
    select.value = microphone.deviceId;
    element.hidden = devices.length < 2 || microphone.lostReason !== null;
  }

  const listeners = new AbortController();
  for (const name of ["devicechange", "trackchange", "lost", "back"]) {
    microphone.addEventListener(
      name,
      () => {
        if (element.isConnected) void show();
        else listeners.abort();
      },
      { signal: listeners.signal },
    );
  }
  void show();
  return element;
}
