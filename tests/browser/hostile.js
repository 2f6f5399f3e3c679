/** Somebody with a valid link and a program of their own. Runs inside a page, for its WebRTC. */

const WHAT = "/api/v1/realtime-interview/interview/session";

/**
 * @typedef {{session: string, token: string}} Link
 * @typedef {{status: number, code: string | null}} Answer
 */

/**
 * Offers what no browser would offer; must not use anything from outside.
 *
 * @param {string} url Of the session's resources.
 * @param {string} token
 * @param {string} sdp
 * @returns {Promise<Answer>}
 */
async function offer(url, token, sdp) {
  const response = await fetch(`${url}/offer`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ sdp }),
  });
  const { code = null } = await response.json();
  return { status: response.status, code };
}

/**
 * Makes a real peer connection, says what nobody understands, then everything at once; must not use
 * anything from outside.
 *
 * @param {string} url
 * @param {string} token
 * @param {number} count Messages of the flood.
 * @returns {Promise<{answers: string[], end: string}>} Codes of the answers to nonsense, and what
 *   became of the channel.
 */
async function flood(url, token, count) {
  const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  peer.addTransceiver("audio", { direction: "sendrecv" });
  const interview = peer.createDataChannel("interview");
  /** @type {string[]} */
  const answers = [];
  interview.onmessage = ({ data }) => answers.push(JSON.parse(data).code);
  const opened = new Promise((resolve) => (interview.onopen = resolve));
  const closed = new Promise((resolve) => (interview.onclose = () => resolve("closed")));
  await peer.setLocalDescription();
  const response = await fetch(`${url}/offer`, {
    method: "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    body: JSON.stringify({ sdp: peer.localDescription?.sdp }),
  });
  if (!response.ok) throw new Error(await response.text());
  await peer.setRemoteDescription({ type: "answer", sdp: (await response.json()).sdp });
  await opened;
  const nonsense = [new Uint8Array([0xff, 0xfe, 0xc0, 0x80]), "{", '{"type":"nothing"}', "[".repeat(40_000)];
  for (const message of nonsense) interview.send(/** @type {string} */ (message));
  while (answers.length < nonsense.length) await new Promise((next) => setTimeout(next, 20));
  const told = answers.slice();
  try {
    for (let sent = 0; sent < count; sent += 1) interview.send('{"type":"consent"}');
  } catch {
    // The channel has been closed on the way.
  }
  const late = new Promise((resolve) => setTimeout(() => resolve("open"), 15_000));
  const end = await Promise.race([closed, late]);
  peer.close();
  return { answers: told, end: String(end) };
}

/** The page of somebody hostile. */
export class Hostile {
  #page;
  #url;
  #token;

  /**
   * @param {import("puppeteer-core").Page} page Any page of the server.
   * @param {Link} link
   */
  constructor(page, { session, token }) {
    this.#page = page;
    this.#url = `${WHAT}/${session}`;
    this.#token = token;
  }

  /** @param {string} sdp @returns {Promise<Answer>} */
  offer(sdp) {
    return this.#page.evaluate(offer, this.#url, this.#token, sdp);
  }

  /** A real offer, after which nobody ever connects. @returns {Promise<Answer>} */
  async offerInVain() {
    const sdp = await this.#page.evaluate(async () => {
      const peer = new RTCPeerConnection();
      peer.addTransceiver("audio");
      peer.createDataChannel("interview");
      await peer.setLocalDescription();
      const { sdp } = /** @type {RTCSessionDescription} */ (peer.localDescription);
      peer.close();
      return sdp;
    });
    return this.offer(sdp);
  }

  /** @param {number} count */
  flood(count) {
    return this.#page.evaluate(flood, this.#url, this.#token, count);
  }
}
