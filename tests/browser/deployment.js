/** What docker-compose.yml runs, on loopback: two servers on one Redis, and a proxy before them. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { freePort, HOST, started } from "./programs.js";
import { PREFIX, ROOT, Server, Session } from "./server.js";
import { until } from "./waiting.js";

const PASSWORD = "a password that the servers share";
const SECRET = "a secret with which all servers sign the links";
const NAMES = ["server-1", "server-2"];
/** Every other session is led to the server that opened it. */

/** @typedef {import("node:child_process").ChildProcess} ChildProcess */

export class Deployment {
  /**
   * @param {string} url Where people come in.
   * @param {Server[]} servers
   * @param {ChildProcess[]} others Redis and the proxy.
   */
  constructor(url, servers, others) {
    this.url = url;
    this.servers = servers;
    this.others = others;
  }

  /** @param {string} folder @returns {Promise<Deployment>} Open to people. */
  static async start(folder) {
    const redis_port = await freePort();
    const redis = await startedRedis(folder, redis_port);
    const url = `https://localhost:${await freePort()}`;
    const settings = {
      DAEDAM_JOURNAL: `redis://:${encodeURIComponent(PASSWORD)}@${HOST}:${redis_port}/0`,
      DAEDAM_SECRET: SECRET,
      DAEDAM_PUBLIC_URL: url,
      DAEDAM_TRUSTED_PROXIES: HOST,
      DAEDAM_WORKERS: "1",
      DAEDAM_DRAIN_S: "1",
    };
    const servers = await Promise.all(
      NAMES.map((name) => {
        const own = join(folder, name);
        mkdirSync(own);
        return Server.start(own, settings);
      }),
    );
    const proxy = await startedProxy(folder, url, servers);
    const deployment = new Deployment(url, servers, [proxy, redis]);
    await until("the proxy", () => deployment.#answers("/healthz"));
    return deployment;
  }

  /** Whoever died or was stopped comes back. */
  async revive() {
    const gone = this.servers.filter(({ isRunning }) => !isRunning);
    await Promise.all(gone.map((server) => server.restart()));
  }

  get logs() {
    return this.servers.flatMap(({ logs }) => logs);
  }

  /**
   * Opens a session at one of the servers, as the proxy leads whoever opens one to any of them.
   *
   * @param {object} config As in `POST …/session`.
   * @returns {Promise<Session>} Of the server that the proxy leads its people to.
   */
  async create(config) {
    const [opener, other] = this.servers;
    if (!opener || !other) throw new Error("two servers are needed");
    const session = await opener.create(config);
    const { pipeline } = JSON.parse(await this.#answers(statusOf(session.id), opener.token));
    // Whoever opens a session holds it when its people come; another one that is asked does at once.
    return new Session(pipeline === null ? opener : other, session.id, session.links);
  }

  /** @param {string} session @returns {Promise<Server>} The one that holds it. */
  async holderOf(session) {
    for (const server of this.servers.filter(({ isRunning }) => isRunning)) {
      const status = await (await server.ask("GET", statusOf(session))).json();
      if (status.pipeline !== null) return server;
    }
    throw new Error("no server holds the session");
  }

  async stop() {
    try {
      await Promise.all(this.servers.filter(({ isRunning }) => isRunning).map((one) => one.stop()));
    } finally {
      for (const other of this.others) other.kill("SIGKILL");
    }
  }

  /**
   * @param {string} path
   * @param {string} [token]
   * @returns {Promise<string>} What the proxy says there; empty while it says nothing.
   */
  #answers(path, token) {
    return new Promise((resolve) => {
      const headers = token ? { Authorization: `Bearer ${token}` } : {};
      // The certificate's authority is one day old at most, and known to the proxy alone.
      const asked = get(this.url + path, { headers, rejectUnauthorized: false }, (answer) => {
        let text = "";
        answer.on("data", (part) => (text += part));
        answer.on("end", () => resolve(answer.statusCode === 200 ? text : ""));
      });
      asked.on("error", () => resolve(""));
    });
  }
}

/** @param {string} session */
const statusOf = (session) => `${PREFIX}/interview/session/${session}/status`;

/** @param {string} folder @param {number} port @returns {Promise<ChildProcess>} */
function startedRedis(folder, port) {
  const own = ["--port", String(port), "--bind", HOST, "--dir", folder, "--requirepass", PASSWORD];
  const sign = /** @type {const} */ ({ from: "stdout", line: "Ready to accept connections" });
  return started("redis-server", [join(ROOT, "deploy/redis.conf"), ...own], { cwd: folder }, sign);
}

/**
 * @param {string} folder
 * @param {string} url
 * @param {Server[]} servers
 * @returns {Promise<ChildProcess>} With an authority of its own.
 */
async function startedProxy(folder, url, servers) {
  const given = readFileSync(join(ROOT, "deploy/Caddyfile"), "utf8");
  const file = join(folder, "Caddyfile");
  writeFileSync(file, given.replace("\tadmin off\n", `$&\tdefault_bind ${HOST}\n`));
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    DAEDAM_PUBLIC_URL: url,
    PROXY_HTTP_PORT: String(await freePort()),
    PROXY_TLS: "internal",
    PROXY_SERVERS: servers.map((server) => new URL(server.url).host).join(" "),
  };
  const run = ["run", "--adapter", "caddyfile", "--config", file];
  const sign = /** @type {const} */ ({ from: "stderr", line: "serving initial configuration" });
  return started("caddy", run, { cwd: folder, env }, sign);
}
