/** A tunnel between a page and its server, through which nothing passes at times: `bench.tunnel`. */

import { Network, program } from "./network.js";

export class Tunnel extends Network {
  /** @param {{url: string}} server @returns {Tunnel} */
  static dig({ url }) {
    return new Tunnel(program("bench.tunnel", [url]));
  }

  /** @returns {Promise<string>} The server's address at this end of it. */
  url() {
    return this.ask(null);
  }

  /** @returns {Promise<void>} Once nothing passes any more. */
  cut() {
    return this.ask(true);
  }

  /** @returns {Promise<void>} Once everything passes again. */
  open() {
    return this.ask(false);
  }
}
