/** Programs that run beside a journey, and never longer than it. */

import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { within } from "./waiting.js";

export const HOST = "127.0.0.1";
const START_MS = 10_000;

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

/**
 * Starts a program of Debian's and reads its log until that says that it listens.
 *
 * @param {string} name Of the program, and of its package.
 * @param {string[]} parameters
 * @param {{cwd: string, env?: NodeJS.ProcessEnv}} terms
 * @param {{from: "stdout" | "stderr", line: string}} sign Part of the line that says so.
 * @returns {Promise<ChildProcess>} It dies with this process, if not before.
 */
export async function started(name, parameters, terms, { from, line }) {
  /** @param {string} stream */
  const kept = (stream) => (stream === from ? "pipe" : "ignore");
  const stdio = [kept("stdin"), kept("stdout"), kept("stderr")];
  const child = spawn(name, parameters, { ...terms, stdio: /** @type {any} */ (stdio) });
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);
  child.once("exit", () => process.off("exit", orphan));
  const log = /** @type {import("node:stream").Readable} */ (child[from]);
  await within(`${name} to listen`, Promise.race([said(log, line), dead(child, name)]), START_MS);
  return child;
}

/** @param {import("node:stream").Readable} log @param {string} wanted */
async function said(log, wanted) {
  for await (const line of createInterface({ input: log })) {
    if (line.includes(wanted)) break;
  }
  log.resume();
}

/** @param {ChildProcess} child @param {string} name @returns {Promise<never>} */
async function dead(child, name) {
  await Promise.race([once(child, "exit"), once(child, "error")]);
  throw new Error(`${name} did not start; is it installed?`);
}

/** @returns {Promise<number>} Nobody uses it at the moment, neither for UDP nor for TCP. */
export async function freePort() {
  const server = createServer().listen(0, HOST);
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  const socket = createSocket("udp4").bind(port, HOST);
  await once(socket, "listening");
  socket.close();
  server.close();
  return port;
}
