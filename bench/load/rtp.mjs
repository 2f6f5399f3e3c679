// @ts-check
// What a browser's microphone sends: RTP packets of Opus with their level, and sender reports.

const FRAME = 960;
/** 20 ms at Opus' clock in RTP (RFC 7587, section 4.1). */
export const FRAME_MS = 20;
export const LEVEL_EXTENSION = 1;
const SILENT_LEVEL = 127;
const SENDER_REPORT = 200;
const RECEIVER_REPORT = 201;
/** From 1900 to 1970 (RFC 5905). */
const NTP_OFFSET_S = 2_208_988_800;

/**
 * One frame of sound.
 * @typedef {{ level: number, opus: Buffer }} Frame level: what it is below the loudest, in dB
 */

/**
 * Cut a file of frames: two bytes of size, one of level, then the packet.
 * @param {Buffer} file
 * @returns {Frame[]}
 */
export function frames(file) {
  const cut = [];
  for (let at = 0; at < file.length; ) {
    const size = file.readUInt16BE(at);
    cut.push({ level: file.readUInt8(at + 2), opus: file.subarray(at + 3, at + 3 + size) });
    at += 3 + size;
  }
  return cut;
}

/** One source of sound (RFC 3550): numbers its packets, and reads what is reported of them. */
export class Source {
  /**
   * @param {number} ssrc
   * @param {number} payloadType
   */
  constructor(ssrc, payloadType) {
    this.ssrc = ssrc;
    this.payloadType = payloadType;
    this.sent = 0;
    this.sentBytes = 0;
    /** Packets that came back, reports not counted. */
    this.heard = 0;
    /** What the newest report says: packets that are missing, and the highest number seen. */
    this.lost = 0;
    this.highest = -1;
    // Anything is allowed; not far from the end of the range, so that turning over is seen, too.
    this.first = 65_000 + (ssrc % 500);
    this.clock = (ssrc * 7919) % 2 ** 32;
  }

  /**
   * Return the next packet.
   * @param {Frame} frame
   */
  packet(frame) {
    const packet = Buffer.allocUnsafe(20 + frame.opus.length);
    const isFirst = this.sent === 0;
    packet.writeUInt8(0x90, 0); // Version 2, with a header extension.
    packet.writeUInt8(this.payloadType | (isFirst ? 0x80 : 0), 1);
    packet.writeUInt16BE((this.first + this.sent) % 65_536, 2);
    packet.writeUInt32BE((this.clock + this.sent * FRAME) % 2 ** 32, 4);
    packet.writeUInt32BE(this.ssrc, 8);
    // RFC 8285, section 4.2: one word of one-byte extensions; RFC 6464: the level.
    packet.writeUInt32BE(0xbede0001, 12);
    packet.writeUInt8(LEVEL_EXTENSION << 4, 16);
    packet.writeUInt8(Math.min(SILENT_LEVEL, frame.level), 17);
    packet.writeUInt16BE(0, 18);
    frame.opus.copy(packet, 20);
    this.sent += 1;
    this.sentBytes += frame.opus.length;
    return packet;
  }

  /** Return a sender report without report blocks (RFC 3550, section 6.4.1). */
  report() {
    const report = Buffer.alloc(28);
    const now_s = Date.now() / 1000 + NTP_OFFSET_S;
    report.writeUInt8(0x80, 0);
    report.writeUInt8(SENDER_REPORT, 1);
    report.writeUInt16BE(6, 2);
    report.writeUInt32BE(this.ssrc, 4);
    report.writeUInt32BE(Math.floor(now_s), 8);
    report.writeUInt32BE(Math.floor((now_s % 1) * 2 ** 32), 12);
    report.writeUInt32BE((this.clock + this.sent * FRAME) % 2 ** 32, 16);
    report.writeUInt32BE(this.sent, 20);
    report.writeUInt32BE(this.sentBytes, 24);
    return report;
  }

  /**
   * Take what came back: sound is counted, reports are read for the block about this source.
   * @param {Buffer} packet
   */
  take(packet) {
    const type = packet.length > 1 ? packet.readUInt8(1) : 0;
    if (type < 192 || type > 223) {
      this.heard += 1; // RFC 5761, section 4: everything else is RTP.
      return;
    }
    for (let at = 0; at + 8 <= packet.length; at += 4 * (packet.readUInt16BE(at + 2) + 1)) {
      const kind = packet.readUInt8(at + 1);
      const blocks = kind === RECEIVER_REPORT ? at + 8 : kind === SENDER_REPORT ? at + 28 : null;
      if (blocks !== null) this.#readBlocks(packet, blocks, packet.readUInt8(at) & 31);
    }
  }

  /**
   * @param {Buffer} packet
   * @param {number} at
   * @param {number} count
   */
  #readBlocks(packet, at, count) {
    for (let end = at + 24 * count; at < end && at + 24 <= packet.length; at += 24) {
      if (packet.readUInt32BE(at) !== this.ssrc) continue;
      this.lost = packet.readIntBE(at + 5, 3);
      this.highest = packet.readUInt32BE(at + 8);
    }
  }

  /** How many packets have not arrived, by the newest report; null: none came. */
  get missing() {
    if (this.highest < 0) return null;
    // Modulo 2^16: reports come every second, and not every receiver counts the turns.
    return this.lost + ((this.first + this.sent - 1 - this.highest) & 0xffff);
  }
}
