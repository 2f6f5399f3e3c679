// @ts-check
// An encoder like OBS Studio, for the tests of WHIP: `node studio.js URL TOKEN [video-first]`.
//
// It is built on the same library, offers sound and a picture that it cannot leave out, and sends
// neither. When it is connected it says which of its tracks are open, and stays until its stdin ends.

import rtc from "node-datachannel";

const [url = "", token = "", order = ""] = process.argv.slice(2);

const link = { Authorization: `Bearer ${token}` };
/** @type {URL | undefined} */
let place;

const sound = new rtc.Audio("sound", "SendOnly");
sound.addOpusCodec(111);
sound.addSSRC(1, "studio", "stream", "sound");
const picture = new rtc.Video("picture", "SendOnly");
picture.addH264Codec(96);
picture.addSSRC(2, "studio", "stream", "picture");

const peer = new rtc.PeerConnection("studio", { iceServers: [], disableAutoNegotiation: true });
const media = order === "video-first" ? [picture, sound] : [sound, picture];
const tracks = media.map((medium) => peer.addTrack(medium));

peer.onStateChange((state) => {
  if (state !== "connected") return;
  // The library tells of the connection, then opens what was accepted, in a thread of its own.
  const looking = setInterval(() => {
    const open = tracks.filter((track) => track.isOpen()).map((track) => track.mid());
    if (open.length === 0) return;
    clearInterval(looking);
    process.stdout.write(`open: ${open.join(" ")}\n`);
  }, 5);
});
peer.onLocalDescription(async (offer) => {
  const headers = { ...link, "Content-Type": "application/sdp" };
  const response = await fetch(url, { method: "POST", body: offer, headers });
  place = new URL(response.headers.get("Location") ?? "", url);
  peer.setRemoteDescription(await response.text(), "answer");
});
peer.setLocalDescription("offer");

process.stdin.resume().on("end", async () => {
  if (place) await fetch(place, { method: "DELETE", headers: link });
  peer.close();
  rtc.cleanup();
  process.exit();
});
