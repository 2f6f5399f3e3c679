/** Which door a page's commands took: the page itself looks the same with either. */

const NAME = "sentOverDataChannels";

/** Runs in every page before its own scripts; must not use anything from outside. */
export function noteWhatChannelsSend() {
  /** @type {string[]} */
  const sent = [];
  Object.assign(window, { sentOverDataChannels: sent });
  const { send } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.send = function (/** @type {any} */ data) {
    sent.push(String(data));
    send.call(this, data);
  };
}

/**
 * @param {import("puppeteer-core").Page} page
 * @returns {Promise<string[]>} The messages since the page was loaded.
 */
export function sentOverChannels(page) {
  return page.evaluate((name) => /** @type {any} */ (window)[name], NAME);
}
