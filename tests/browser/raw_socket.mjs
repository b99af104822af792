// A WebSocket client of a few lines (RFC 6455) that shows what browsers hide: pings.
import { randomBytes } from "node:crypto";
import { connect } from "node:net";

export class RawSocket {
  #socket;
  #bytes = Buffer.alloc(0);
  #frames = [];
  #wake = () => {};
  isClosed = false;

  static async open(port, path) {
    const raw = new RawSocket();
    raw.#socket = connect(port, "127.0.0.1");
    raw.#socket.on("data", (bytes) => raw.#take(bytes));
    raw.#socket.on("error", () => {});
    raw.#socket.on("close", () => {
      raw.isClosed = true;
      raw.#wake();
    });
    const key = randomBytes(16).toString("base64");
    raw.#socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`);
    while (raw.head === undefined && !raw.isClosed) await raw.#more();
    return raw;
  }

  // The next frame as {opcode, payload}, of those that are not fragmented; null at the end.
  async next() {
    while (this.#frames.length === 0 && !this.isClosed) await this.#more();
    return this.#frames.shift() ?? null;
  }

  // Text of the next text message, whatever lies between.
  async text() {
    for (;;) {
      const frame = await this.next();
      if (frame === null || frame.opcode === 1) return frame?.payload.toString() ?? null;
    }
  }

  // Code of the close frame that follows, sooner or later, and the end; null without one.
  async closeCode() {
    for (;;) {
      const frame = await this.next();
      if (frame === null) return null;
      if (frame.opcode !== 8) continue;
      this.close();
      return frame.payload.readUInt16BE();
    }
  }

  // At most 64 KiB.
  send(opcode, payload) {
    const mask = randomBytes(4);
    const masked = Buffer.from(payload).map((byte, i) => byte ^ mask[i % 4]);
    const head = masked.length < 126 ? Buffer.alloc(2) : Buffer.alloc(4);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | Math.min(masked.length, 126);
    if (masked.length >= 126) head.writeUInt16BE(masked.length, 2);
    this.#socket.write(Buffer.concat([head, mask, masked]));
  }

  close() {
    this.#socket.destroy();
  }

  #more() {
    return new Promise((wake) => (this.#wake = wake));
  }

  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (this.head === undefined) {
      const end = this.#bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      this.head = this.#bytes.subarray(0, end).toString();
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    for (let end = this.#frameEnd(); end !== null; end = this.#frameEnd()) {
      const begin = this.#bytes[1] < 126 ? 2 : this.#bytes[1] === 126 ? 4 : 10;
      this.#frames.push({ opcode: this.#bytes[0] & 15, payload: this.#bytes.subarray(begin, end) });
      this.#bytes = this.#bytes.subarray(end);
    }
    this.#wake();
  }

  // Where the first frame ends; null while it is not complete. The server does not mask.
  #frameEnd() {
    const bytes = this.#bytes;
    if (bytes.length < 2) return null;
    const short = bytes[1];
    const begin = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < begin) return null;
    const size =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    return bytes.length < begin + size ? null : begin + size;
  }
}
