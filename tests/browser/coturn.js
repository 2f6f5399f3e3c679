/** A real coturn with the configuration that operators get, but for addresses. */

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "./server.js";
import { within } from "./waiting.js";

const HOST = "127.0.0.1";
const START_MS = 10_000;

export class Coturn {
  /** @param {import("node:child_process").ChildProcess} process @param {number} port */
  constructor(process, port) {
    this.process = process;
    this.url = `turn:${HOST}:${port}`;
  }

  /**
   * @param {string} folder
   * @param {string} secret
   * @returns {Promise<Coturn>} Listening on loopback, and relaying to it.
   */
  static async start(folder, secret) {
    const port = await freePort();
    const child = spawn(
      "turnserver",
      [
        ...["-c", join(ROOT, "deploy/turnserver.conf"), `--static-auth-secret=${secret}`],
        ...["--realm=turn.example", `--listening-ip=${HOST}`, `--listening-port=${port}`],
        ...[`--tls-listening-port=${await freePort()}`, "--pidfile="],
        ...["--allow-loopback-peers", `--allowed-peer-ip=${HOST}`],
      ],
      { cwd: folder, stdio: ["ignore", "pipe", "ignore"] },
    );
    const orphan = () => child.kill("SIGKILL");
    process.once("exit", orphan);
    child.once("exit", () => process.off("exit", orphan));
    await within("coturn to listen", Promise.race([listening(child), dead(child)]), START_MS);
    return new Coturn(child, port);
  }

  stop() {
    this.process.kill("SIGKILL");
  }
}

/** @param {import("node:child_process").ChildProcess} child */
async function listening(child) {
  const stdout = /** @type {import("node:stream").Readable} */ (child.stdout);
  for await (const line of createInterface({ input: stdout })) {
    // Its last thread; everything that listens has been opened before.
    if (line.includes("admin thread")) break;
  }
  stdout.resume();
}

/** @param {import("node:child_process").ChildProcess} child @returns {Promise<never>} */
async function dead(child) {
  await Promise.race([once(child, "exit"), once(child, "error")]);
  throw new Error("coturn did not start; is the package coturn installed?");
}

/** @returns {Promise<number>} Nobody uses it at the moment, neither for UDP nor for TCP. */
async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const socket = createSocket("udp4").bind(port, HOST);
  await once(socket, "listening");
  socket.close();
  server.close();
  return port;
}
