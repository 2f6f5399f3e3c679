/** A bad network between a page and its server: `bench.udp_proxy` in a process of its own. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { PYTHON, ROOT } from "./server.js";
import { within } from "./waiting.js";

const ANSWER_MS = 20_000;

/**
 * @typedef {object} Counts What became of the packets that pages sent.
 * @property {number} packets
 * @property {number} lost
 */

/**
 * @param {string} module
 * @param {string[]} parameters
 * @returns {import("node:child_process").ChildProcess} Reads and writes lines; ends with this
 *   process.
 */
export function program(module, parameters) {
  const child = spawn(PYTHON, ["-m", module, ...parameters], {
    cwd: ROOT,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const orphan = () => child.kill("SIGKILL");
  process.once("exit", orphan);
  child.once("exit", () => process.off("exit", orphan));
  return child;
}

export class Network {
  #lines;

  /** @param {import("node:child_process").ChildProcess} process */
  constructor(process) {
    this.process = process;
    const said = /** @type {import("node:stream").Readable} */ (process.stdout);
    this.#lines = createInterface({ input: said })[Symbol.asyncIterator]();
  }

  /** @param {Record<string, number>} impairment As the program's parameters. @returns {Network} */
  static start(impairment) {
    const parameters = Object.entries(impairment).flatMap(([name, value]) => [
      `--${name}`,
      String(value),
    ]);
    return new Network(program("bench.udp_proxy", parameters));
  }

  /** @param {import("./person.js").Person} person Whose connections go through it from now on. */
  async lieBefore({ page }) {
    await page.exposeFunction("throughTheNetwork", (/** @type {string} */ sdp) => this.ask(sdp));
    await page.evaluateOnNewDocument(goThroughTheNetwork);
  }

  /** @returns {Promise<Counts>} What it did; it ends with this. */
  async end() {
    this.process.stdin?.end();
    return this.#next();
  }

  stop() {
    this.process.kill("SIGKILL");
  }

  /** @param {unknown} question @returns {Promise<any>} The program's answer. */
  ask(question) {
    this.process.stdin?.write(`${JSON.stringify(question)}\n`);
    return this.#next();
  }

  /** @returns {Promise<any>} */
  async #next() {
    const died = once(this.process, "exit").then(() => ({ done: true, value: "" }));
    const line = Promise.race([this.#lines.next(), died]);
    const { done, value } = await within("the network's answer", line, ANSWER_MS);
    if (done) throw new Error("the network ended; its reason is above");
    return JSON.parse(value);
  }
}

/** Runs in every page before its own scripts; must not use anything from outside. */
function goThroughTheNetwork() {
  /** @type {(description: RTCSessionDescriptionInit) => Promise<void>} */
  const take = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = async function (
    /** @type {RTCSessionDescriptionInit} */ description,
  ) {
    const sdp = await /** @type {any} */ (window).throughTheNetwork(description.sdp);
    await take.call(this, { type: description.type, sdp });
  };
}
