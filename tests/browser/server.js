/** A real server in a folder of its own, and what an operator does with it over HTTP. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Subscriber } from "./subscriber.js";
import { within } from "./waiting.js";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const PYTHON = join(ROOT, ".venv/bin/python");
export const PREFIX = "/api/v1/realtime-interview";
const START_MS = 60_000;
const STOP_MS = 20_000;
const ANSWER_MS = 30_000;

/** A running `daedam serve`. */
export class Server {
  /**
   * @param {import("node:child_process").ChildProcess} process
   * @param {string} url
   * @param {string} log The file of what it writes on stderr.
   * @param {(port: string) => Promise<Server>} again Starts another one with the same data.
   * @param {{entrance?: string | undefined, token?: string | undefined}} [terms] Where people come
   *   in; the operator's link, where one is needed.
   */
  constructor(process, url, log, again, { entrance = url, token } = {}) {
    this.process = process;
    this.url = url;
    this.log = log;
    this.again = again;
    this.entrance = entrance;
    this.token = token;
  }

  get logs() {
    return [this.log];
  }

  get isRunning() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  /**
   * @param {string} folder
   * @param {Record<string, string>} [settings] As `DAEDAM_…`.
   * @param {string} [port]
   * @returns {Promise<Server>} Once it has said where it is.
   */
  static async start(folder, settings = {}, port = "0") {
    const log = join(folder, "server.log");
    const stderr = openSync(log, "a");
    const [command, ...rest] = process.env["DAEDAM_BIN"]?.split(" ") ?? [PYTHON, "-m", "server"];
    const child = spawn(
      String(command),
      [...rest, "serve", "--port", port, "--data", join(folder, "data")],
      { cwd: ROOT, env: { ...environment(), ...settings }, stdio: ["ignore", "pipe", stderr] },
    );
    closeSync(stderr);
    const orphan = () => child.kill("SIGKILL");
    process.once("exit", orphan);
    child.once("exit", () => process.off("exit", orphan));
    try {
      const stdout = /** @type {import("node:stream").Readable} */ (child.stdout);
      const said = once(createInterface({ input: stdout }), "line");
      const died = once(child, "exit").then(() => Promise.reject(new Error("it ended at once")));
      const [url] = await within("the server's address", Promise.race([said, died]), START_MS);
      const again = (/** @type {string} */ same) => Server.start(folder, settings, same);
      return new Server(child, String(url).trim(), log, again, {
        entrance: settings["DAEDAM_PUBLIC_URL"],
        token: settings["DAEDAM_SECRET"] && tokenOf(folder),
      });
    } catch (error) {
      child.kill("SIGKILL");
      throw new Error(`the server did not start: ${error}\n${readFileSync(log, "utf8")}`);
    }
  }

  /** It dies at once and says nothing to anybody, as in a power cut. */
  async kill() {
    const ended = once(this.process, "exit");
    this.process.kill("SIGKILL");
    await within("the server to die", ended, STOP_MS);
  }

  /** Starts anew where it was, with what it had kept. */
  async restart() {
    const { process, url, token } = await this.again(new URL(this.url).port);
    if (url !== this.url) throw new Error(`the server came back at ${url}, not at ${this.url}`);
    this.process = process;
    this.token = token;
  }

  /** Asks it to stop, and ends it when it does not. */
  async stop() {
    if (this.process.exitCode !== null) throw new Error(`the server fell over; see ${this.log}`);
    const ended = once(this.process, "exit");
    this.process.kill("SIGTERM");
    try {
      const [status] = await within("the server to stop", ended, STOP_MS);
      if (status !== 0) throw new Error(`the server ended with ${status}`);
    } finally {
      this.process.kill("SIGKILL");
    }
  }

  /** @param {object} config As in `POST …/session`. @returns {Promise<Session>} */
  async create(config) {
    const response = await this.ask("POST", `${PREFIX}/interview/session`, config);
    const { session_id, links } = await response.json();
    return new Session(this, session_id, links);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {string} [token] Without one the operator asks.
   * @returns {Promise<Response>} A successful one.
   */
  async ask(method, path, body, token = this.token) {
    const response = await fetch(this.url + path, {
      method,
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      body: body ? JSON.stringify(body) : null,
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return response;
  }
}

/** One interview and its links. */
export class Session {
  /**
   * @param {Server} server
   * @param {string} id
   * @param {{seat: string | null, token: string}[]} links
   */
  constructor(server, id, links) {
    this.server = server;
    this.id = id;
    this.links = links;
  }

  /** @param {string | null} seat Null: the room's microphone. @returns {string} */
  token(seat) {
    const link = this.links.find((each) => each.seat === seat);
    if (!link) throw new Error(`the session has no link for ${seat}`);
    return link.token;
  }

  /** @param {string | null} seat @param {string} [token] Another link for it. @returns {string} */
  roomUrl(seat, token = this.token(seat)) {
    return `${this.server.entrance}/room/${this.id}#t=${token}`;
  }

  /** @param {object} whom As in `POST …/invite`. @returns {Promise<string>} One more link. */
  async invite(whom) {
    const path = `${PREFIX}/interview/session/${this.id}/invite`;
    const { token } = await (await this.server.ask("POST", path, whom)).json();
    return token;
  }

  /** @returns {Promise<any>} The record as the operator reads it. */
  async result() {
    const path = `${PREFIX}/interview/session/${this.id}/result`;
    return (await this.server.ask("GET", path)).json();
  }

  /** @param {string} [token] @returns {Promise<Subscriber>} A client that is no browser. */
  subscribe(token = this.server.token) {
    const address = this.server.url.replace(/^http/, "ws");
    const link = token ? `?t=${token}` : "";
    return Subscriber.open(`${address}${PREFIX}/ws/interview/${this.id}${link}`);
  }
}

/** @param {string} folder @returns {string} The operator's link that the server made for itself. */
function tokenOf(folder) {
  return JSON.parse(readFileSync(join(folder, "data/server.lock"), "utf8")).token;
}

/** @returns {Record<string, string | undefined>} Without settings of whoever runs the tests. */
function environment() {
  const isSetting = (/** @type {string} */ name) => /^DAEDAM_(?!MODELS)/.test(name);
  const mine = Object.entries(process.env).filter(([name]) => !isSetting(name));
  return Object.fromEntries(mine);
}
