/** A peer connection as a door: one audio line both ways, and two data channels. */

import { Refusal } from "./codes.js";
import { watch } from "./peerwatch.js";

const CONNECT_MS = 10_000;
/** Candidates that come later are not worth waiting for: the server knows our address by then. */
const GATHER_MS = 1000;
/** `disconnected` often heals by itself; longer than this it rarely does. */
const DISCONNECTED_MS = 4000;

/**
 * @typedef {object} PeerSetup
 * @property {(sdp: string) => Promise<{sdp: string, connection: string}>} exchange Sends the offer,
 *   returns the answer.
 * @property {RTCIceServer[]} iceServers
 * @property {MediaStreamTrack | null} track
 */

/**
 * @param {PeerSetup} setup
 * @param {import("./chooser.js").Listener} listener
 * @returns {Promise<import("./chooser.js").Door>}
 * @throws {Error} With a `code`: `no_media` when no connection comes up, else the server's.
 */
export async function openPeer(setup, listener) {
  if (typeof RTCPeerConnection === "undefined") throw new Refusal("unsupported");
  const peer = new RTCPeerConnection({
    iceServers: setup.iceServers,
    bundlePolicy: "max-bundle",
  });
  const close = () => peer.close();
  listener.signal?.addEventListener("abort", close);
  try {
    const direction = directionOf(setup.track);
    const transceiver = peer.addTransceiver(setup.track ?? "audio", { direction });
    const interview = peer.createDataChannel("interview");
    const captions = peer.createDataChannel("captions", { ordered: false, maxRetransmits: 0 });
    await peer.setLocalDescription();
    await gathered(peer);
    // Nobody has been told of us yet: the best moment not to go on.
    listener.signal?.throwIfAborted();
    const { sdp, connection } = await setup.exchange(peer.localDescription?.sdp ?? "");
    await peer.setRemoteDescription({ type: "answer", sdp });
    await opened(peer, interview, listener.signal);
    return door({ peer, interview, captions, transceiver, id: connection }, listener);
  } catch (error) {
    close();
    if (error instanceof Error && "code" in error && typeof error.code === "string") throw error;
    throw new Refusal("no_media");
  } finally {
    listener.signal?.removeEventListener("abort", close);
  }
}

/**
 * Who has no microphone says so in the offer: nobody waits for sound that never comes.
 *
 * @param {unknown} track
 * @returns {"sendrecv" | "recvonly"}
 */
export const directionOf = (track) => (track ? "sendrecv" : "recvonly");

/** @param {RTCPeerConnection} peer @returns {Promise<void>} */
function gathered(peer) {
  return new Promise((resolve) => {
    if (peer.iceGatheringState === "complete") return resolve();
    const timer = setTimeout(resolve, GATHER_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      resolve();
    });
  });
}

/**
 * @param {RTCPeerConnection} peer
 * @param {RTCDataChannel} channel
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
function opened(peer, channel, signal) {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Refusal("no_media"));
    const timer = setTimeout(fail, CONNECT_MS);
    if (signal?.aborted) fail();
    signal?.addEventListener("abort", fail, { once: true });
    channel.onopen = () => {
      clearTimeout(timer);
      resolve();
    };
    channel.onclose = fail;
    peer.onconnectionstatechange = () => {
      if (peer.connectionState === "failed") fail();
    };
  });
}

/**
 * @param {{peer: RTCPeerConnection, interview: RTCDataChannel, captions: RTCDataChannel,
 *   transceiver: RTCRtpTransceiver, id: string}} parts
 * @param {import("./chooser.js").Listener} listener
 * @returns {import("./chooser.js").Door}
 */
function door({ peer, interview, captions, transceiver, id }, listener) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;
  let isOver = false;
  const close = () => {
    isOver = true;
    clearTimeout(patience);
    watching.stop();
    peer.close();
  };
  const end = () => {
    if (isOver) return;
    close();
    listener.closed("lost");
  };
  const watching = watch(transceiver.receiver, {
    suspected: (isSuspect) => listener.suspected?.(isSuspect),
    lost: end,
  });
  const hear = (/** @type {MessageEvent} */ { data }) => {
    watching.heard();
    if (!isOver) listener.message(JSON.parse(data));
  };
  interview.onmessage = hear;
  captions.onmessage = hear;
  interview.onclose = end;
  peer.onconnectionstatechange = () => {
    clearTimeout(patience);
    if (peer.connectionState === "failed" || peer.connectionState === "closed") end();
    else if (peer.connectionState === "disconnected") patience = setTimeout(end, DISCONNECTED_MS);
  };
  return {
    kind: "peer",
    id,
    sound: new MediaStream([transceiver.receiver.track]),
    seemsDead: () => peer.connectionState !== "connected",
    doubt: () => watching.doubt(),
    send: (text) => interview.send(text),
    close,
    // A track of a closed connection cannot be replaced; the next connection takes the new one.
    replaceTrack: (track) => void transceiver.sender.replaceTrack(track).catch(() => undefined),
  };
}
