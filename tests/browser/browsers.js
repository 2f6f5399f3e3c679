/** Chromium and Firefox as Debian has them, without a screen, each with a microphone that talks. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import puppeteer from "puppeteer-core";
import { speakIntoTheMicrophone } from "./microphone.js";

const START_MS = 60_000;
const REPLY_MS = 30_000;
const CHROMIUM_ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-fake-ui-for-media-stream",
  "--use-fake-device-for-media-stream",
  "--allow-loopback-in-peer-connection",
];
const FIREFOX_PREFERENCES = {
  "media.navigator.streams.fake": true,
  "media.navigator.permission.disabled": true,
  "media.peerconnection.ice.loopback": true,
  "media.peerconnection.ice.obfuscate_host_addresses": false,
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
};
const DESKTOP = { width: 1280, height: 800 };
export const PHONE = {
  viewport: {
    width: 360,
    height: 740,
    deviceScaleFactor: 2,
    isMobile: true,
    hasTouch: true,
    isLandscape: false,
  },
  userAgent:
    "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) " +
    "Chrome/150.0.0.0 Mobile Safari/537.36",
};

/** @param {string} variable @param {string[]} places @returns {string} */
function program(variable, places) {
  const found = process.env[variable] ?? places.find((place) => existsSync(place));
  if (!found) throw new Error(`none of ${places.join(", ")} is here; set ${variable}`);
  return found;
}

/**
 * @param {string} profile A folder.
 * @param {string} [wav] The file that it hears in its microphone, over and over.
 * @returns {Promise<import("puppeteer-core").Browser>}
 */
export function openChromium(profile, wav) {
  return puppeteer.launch({
    userDataDir: profile,
    executablePath: program("DAEDAM_CHROMIUM", ["/usr/bin/chromium", "/usr/bin/google-chrome"]),
    args: [
      ...CHROMIUM_ARGUMENTS,
      ...(wav ? [`--use-file-for-fake-audio-capture=${wav}`] : []),
    ],
    // A proxy's own authority is known to no browser here.
    acceptInsecureCerts: true,
    defaultViewport: DESKTOP,
    timeout: START_MS,
    protocolTimeout: REPLY_MS,
  });
}

/** @param {string} profile A folder. @returns {Promise<import("puppeteer-core").Browser>} */
export function openFirefox(profile) {
  return puppeteer.launch({
    browser: "firefox",
    userDataDir: profile,
    executablePath: program("DAEDAM_FIREFOX", ["/usr/bin/firefox-esr", "/usr/bin/firefox"]),
    extraPrefsFirefox: FIREFOX_PREFERENCES,
    defaultViewport: DESKTOP,
    timeout: START_MS,
    protocolTimeout: REPLY_MS,
  });
}

/** @param {import("puppeteer-core").Page} page @param {string} wav */
export async function giveVoice(page, wav) {
  await page.evaluateOnNewDocument(speakIntoTheMicrophone, await readFile(wav, "base64"));
}
