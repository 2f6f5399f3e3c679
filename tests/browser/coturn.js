/** A real coturn with the configuration that operators get, but for addresses. */

import { join } from "node:path";
import { freePort, HOST, started } from "./programs.js";
import { ROOT } from "./server.js";

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
    const child = await started(
      "turnserver",
      [
        ...["-c", join(ROOT, "deploy/turnserver.conf"), `--static-auth-secret=${secret}`],
        ...["--realm=turn.example", `--listening-ip=${HOST}`, `--listening-port=${port}`],
        ...[`--tls-listening-port=${await freePort()}`, "--pidfile="],
        ...["--allow-loopback-peers", `--allowed-peer-ip=${HOST}`],
      ],
      { cwd: folder },
      // Its last thread; everything that listens has been opened before.
      { from: "stdout", line: "admin thread" },
    );
    return new Coturn(child, port);
  }

  stop() {
    this.process.kill("SIGKILL");
  }
}
