/** One microphone through everything that happens to devices. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as settled } from "node:timers/promises";

import { openMicrophone } from "../../static/js/microphone/microphone.js";
import { FakeMedia } from "./media.js";

/** @param {FakeMedia} media @param {"own" | "room"} [kind] */
async function opened(media, kind = "own") {
  const microphone = await openMicrophone(kind, /** @type {any} */ (media));
  /** @type {string[]} */
  const told = [];
  for (const name of ["trackchange", "lost", "back", "closed"]) {
    microphone.addEventListener(name, (event) => {
      const reason = /** @type {CustomEvent} */ (event).detail?.reason;
      told.push(reason ? `${name} ${reason}` : name);
    });
  }
  await settled(); // The browser has answered about the permission.
  return { microphone, told };
}

/** @param {FakeMedia} media */
const current = (media) => /** @type {import("./media.js").FakeTrack} */ (media.tracks.at(-1));

test("an own microphone cancels echo and changes nothing else of the voice", async () => {
  const media = new FakeMedia("built-in");
  await opened(media);
  assert.deepEqual(media.asked, [
    { echoCancellation: true, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
  ]);
});

test("a room microphone changes nothing of the sound", async () => {
  const media = new FakeMedia("built-in");
  await opened(media, "room");
  assert.equal(media.asked[0]?.echoCancellation, false);
});

test("the device chosen last time is opened again", async () => {
  const media = new FakeMedia("built-in", "headset");
  media.kept = "headset";
  const { microphone } = await opened(media);
  assert.equal(microphone.deviceId, "headset");
});

test("a chosen device that is gone gives way to the default one", async () => {
  const media = new FakeMedia("built-in");
  media.kept = "headset";
  const { microphone } = await opened(media);
  assert.equal(microphone.deviceId, "built-in");
  assert.equal(media.kept, "headset");
});

test("a refusal leaves nothing running", async () => {
  const media = new FakeMedia("built-in");
  media.isForbidden = true;
  await assert.rejects(openMicrophone("own", /** @type {any} */ (media)), { kind: "denied" });
  assert.equal(media.levels[0]?.isClosed, true);
});

test("choosing a device changes the track, and stops the old one", async () => {
  const media = new FakeMedia("built-in", "headset");
  const { microphone, told } = await opened(media);
  await microphone.choose("headset");
  assert.equal(microphone.deviceId, "headset");
  assert.deepEqual(told, ["trackchange"]);
  assert.equal(media.kept, "headset");
  assert.equal(media.live.length, 1);
});

test("a device that cannot be had says so, and another one goes on", async () => {
  const media = new FakeMedia("built-in", "headset");
  media.busy.add("headset");
  const { microphone } = await opened(media);
  await assert.rejects(microphone.choose("headset"), { kind: "busy" });
  assert.equal(microphone.deviceId, "built-in");
  assert.equal(microphone.lostReason, null);
  assert.equal(media.kept, null);
});

test("a second choice made before the first was opened wins", async () => {
  const media = new FakeMedia("built-in", "headset", "table");
  const { microphone } = await opened(media);
  const first = microphone.choose("headset");
  await microphone.choose("table");
  await first.catch(() => {});
  assert.equal(microphone.deviceId, "table");
  assert.deepEqual(media.live.map((track) => track.deviceId), ["table"]);
});

test("an unplugged headset gives way to the default device without a word", async () => {
  const media = new FakeMedia("built-in", "headset");
  media.kept = "headset";
  const { microphone, told } = await opened(media);
  const changed = once(microphone, "trackchange");
  media.unplug("headset");
  await changed;
  assert.equal(microphone.deviceId, "built-in");
  assert.deepEqual(told, ["trackchange"]);
  assert.equal(media.levels[0]?.track, microphone.track);
});

test("the last device unplugged is lost, and comes back when plugged in", async () => {
  const media = new FakeMedia("headset");
  const { microphone, told } = await opened(media);
  const lost = once(microphone, "lost");
  media.unplug("headset");
  await lost;
  assert.equal(microphone.lostReason, "unplugged");
  const back = once(microphone, "back");
  media.plug("headset");
  await back;
  assert.deepEqual(told, ["lost unplugged", "trackchange", "back"]);
});

test("a revoked permission is lost at once, and comes back when granted", async () => {
  const media = new FakeMedia("built-in");
  const { microphone, told } = await opened(media);
  media.forbid(true);
  current(media).end();
  assert.deepEqual(told, ["lost denied"]);
  const back = once(microphone, "back");
  media.forbid(false);
  await back;
  assert.deepEqual(told, ["lost denied", "trackchange", "back"]);
});

test("a revoked permission is noticed where the browser tells of no permissions", async () => {
  const media = new FakeMedia("built-in");
  const silent = Object.assign(media, { permission: async () => null });
  const { microphone } = await opened(silent);
  const lost = once(microphone, "lost");
  media.isForbidden = true;
  current(media).end();
  await lost;
  assert.equal(microphone.lostReason, "denied");
});

test("a call interrupts, and its end brings the same track back", async () => {
  const media = new FakeMedia("built-in");
  const { microphone, told } = await opened(media);
  current(media).take();
  assert.equal(microphone.lostReason, "interrupted");
  current(media).give();
  assert.deepEqual(told, ["lost interrupted", "back"]);
  assert.equal(media.tracks.length, 1);
});

test("an interrupted audio context is an interruption too", async () => {
  const media = new FakeMedia("built-in");
  const { told } = await opened(media);
  media.levels[0]?.become(true);
  media.levels[0]?.become(false);
  assert.deepEqual(told, ["lost interrupted", "back"]);
});

test("a page looked at after a call opens a new track when the old one stays silent", async () => {
  const media = new FakeMedia("built-in");
  const { microphone, told } = await opened(media);
  current(media).take();
  const back = once(microphone, "back");
  media.look();
  await back;
  assert.deepEqual(told, ["lost interrupted", "trackchange", "back"]);
  assert.equal(media.live.length, 1);
});

test("a device another program took is asked for again on a tap", async () => {
  const media = new FakeMedia("built-in");
  const { microphone } = await opened(media);
  media.busy.add("built-in");
  current(media).end();
  await settled();
  assert.equal(microphone.lostReason, "interrupted");
  media.busy.clear();
  await microphone.retry();
  assert.equal(microphone.lostReason, null);
});

test("muted stays muted on the next device", async () => {
  const media = new FakeMedia("built-in", "headset");
  const { microphone } = await opened(media);
  microphone.setMuted(true);
  await microphone.choose("headset");
  assert.equal(microphone.track.enabled, false);
  microphone.setMuted(false);
  assert.equal(microphone.track.enabled, true);
});

test("a closed microphone lets the device go and stays closed", async () => {
  const media = new FakeMedia("built-in");
  const { microphone, told } = await opened(media);
  microphone.close();
  microphone.close();
  media.plug("headset");
  media.look();
  await settled();
  assert.deepEqual(told, ["closed"]);
  assert.equal(media.live.length, 0);
  assert.equal(media.levels[0]?.isClosed, true);
});

test("a device that opens only after the close is let go", async () => {
  const media = new FakeMedia("built-in", "headset");
  const { microphone } = await opened(media);
  const choice = microphone.choose("headset").catch(() => {});
  microphone.close();
  await choice;
  assert.equal(media.live.length, 0);
});

test("only microphones are offered", async () => {
  const { microphone } = await opened(new FakeMedia("built-in", "headset"));
  const ids = (await microphone.devices()).map((device) => device.deviceId);
  assert.deepEqual(ids, ["built-in", "headset"]);
});
