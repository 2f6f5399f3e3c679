/** A browser in a network that lets nothing out but to a TURN server, and what its calls went by. */

/**
 * @typedef {object} Route
 * @property {string} type Of the browser's own candidate: host, srflx, prflx or relay.
 * @property {string} protocol Between browser and TURN server.
 */

/**
 * Runs in every page before its own scripts; must not use anything from outside.
 *
 * @param {string} url The TURN server that is reached; the page is told more of them.
 */
export function reachOnly(url) {
  /** @type {RTCPeerConnection[]} */
  const peers = [];
  /** @type {number[]} */
  const refusals = [];
  Object.assign(window, { peers, refusals });
  window.RTCPeerConnection = class extends RTCPeerConnection {
    /** @param {RTCConfiguration} [configuration] */
    constructor(configuration) {
      const iceServers = (configuration?.iceServers ?? [])
        .filter(({ urls }) => urls.includes(url))
        .map((server) => ({ ...server, urls: [url] }));
      super({ ...configuration, iceServers, iceTransportPolicy: "relay" });
      this.addEventListener("icecandidateerror", ({ errorCode }) => refusals.push(errorCode));
      peers.push(this);
    }
  };
}

/**
 * @param {import("puppeteer-core").Page} page
 * @returns {Promise<Route[]>} Of every peer connection that has come up.
 */
export function routesOf(page) {
  return page.evaluate(async () => {
    const routes = [];
    for (const peer of /** @type {any} */ (window).peers) {
      /** @type {Map<string, any>} */
      const stats = await peer.getStats();
      for (const transport of [...stats.values()].filter(({ type }) => type === "transport")) {
        const pair = stats.get(transport.selectedCandidatePairId);
        const own = pair && stats.get(pair.localCandidateId);
        if (own && transport.dtlsState === "connected")
          routes.push({ type: own.candidateType, protocol: own.relayProtocol });
      }
    }
    return routes;
  });
}

/**
 * @param {import("puppeteer-core").Page} page
 * @returns {Promise<number[]>} The errors that TURN servers answered with.
 */
export function refusalsTo(page) {
  return page.evaluate(() => /** @type {any} */ (window).refusals);
}
