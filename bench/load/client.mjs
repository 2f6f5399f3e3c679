// @ts-check
// Many WebRTC clients in one process, for the load tool: `node client.mjs [BIND_ADDRESS]`.
//
// Commands come as JSON lines on stdin, what happens goes out as JSON lines on stdout. Signalling
// is the caller's: `make` gives an offer, `answer` takes the answer. Times are seconds of the
// machine's monotonic clock. The process ends with its stdin.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import rtc from "node-datachannel";
import { Client, lateness } from "./browser.mjs";
import { FRAME_MS, frames } from "./rtp.mjs";

const bindAddress = process.argv[2];

/** @type {Map<number, Client>} */
const clients = new Map();

const now_ms = () => Number(process.hrtime.bigint()) / 1e6;

/** @param {import("./browser.mjs").Happening} happening */
function tell(happening) {
  process.stdout.write(`${JSON.stringify({ ...happening, at: now_ms() / 1000 })}\n`);
}

/** Send everything that is due, and come back for what is due next. */
function tick() {
  const now = now_ms();
  let next = now + FRAME_MS;
  for (const client of clients.values()) next = Math.min(next, client.send(now));
  setTimeout(tick, Math.max(1, next - now_ms()));
}

/** @param {any} command */
function obey(command) {
  switch (command.do) {
    case "make":
      clients.set(command.id, new Client(command.id, bindAddress, tell));
      break;
    case "answer":
      clients.get(command.id)?.connection.setRemoteDescription(command.sdp, "answer");
      break;
    case "send":
      clients.get(command.id)?.channels.get(command.channel)?.sendMessage(command.text);
      break;
    case "talk": {
      const [spoken, silence] = [command.spoken, command.silence].map((path) => readFileSync(path));
      const script = {
        frames: frames(/** @type {Buffer} */ (spoken)),
        silence: frames(/** @type {Buffer} */ (silence)),
        floor: command.floor,
        began_ms: now_ms(),
      };
      command.ids.forEach((/** @type {number} */ id, /** @type {number} */ seat) =>
        clients.get(id)?.talk(script, seat),
      );
      tell({ is: "talking", began: script.began_ms / 1000, asked: command.asked });
      break;
    }
    case "hush":
      for (const client of clients.values()) client.hush();
      break;
    case "close":
      clients.get(command.id)?.close();
      clients.delete(command.id);
      break;
    case "count": {
      const { user, system } = process.cpuUsage();
      const [cpu_s, rss_bytes] = [(user + system) / 1e6, process.memoryUsage.rss()];
      const counts = [...clients.values()].map((client) => client.counts());
      tell({ is: "counts", asked: command.asked, cpu_s, rss_bytes, ...lateness, counts });
      break;
    }
    default:
      throw new Error(`unknown command: ${command.do}`);
  }
}

rtc.initLogger("Error", (_level, message) => process.stderr.write(`${message}\n`));
createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line)))
  .on("close", () => process.exit(0));
tick();
