// WebSockets over HTTP/2 (RFC 8441) as node's own HTTP/2 client opens them.
import assert from "node:assert/strict";
import { connect, constants } from "node:http2";
import { once } from "node:events";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { Server } from "./server.mjs";

const connector = '<Connector port="${port}" address="127.0.0.1">' +
  '<UpgradeProtocol className="http2"/></Connector>';

let server;
before(async () => (server = await Server.start(["echo", "hello"], {}, connector)));
after(() => server.end());

async function session() {
  const its = connect(server.url);
  const [settings] = await once(its, "remoteSettings");
  assert.equal(settings.enableConnectProtocol, true);
  return its;
}

// One WebSocket on a stream: frames as a client masks them, messages as they come.
class Socket {
  #bytes = Buffer.alloc(0);
  #messages = [];
  #wake = () => {};

  static async open(session, path, fields = {}) {
    const stream = session.request({
      ":method": "CONNECT", ":protocol": "websocket", ":path": path,
      "sec-websocket-version": "13", ...fields,
    });
    const socket = new Socket();
    socket.stream = stream;
    stream.on("data", (bytes) => socket.#take(bytes));
    stream.on("error", () => {});
    stream.on("close", () => {
      socket.isClosed = true;
      socket.#wake();
    });
    [socket.head] = await once(stream, "response");
    return socket;
  }

  say(opcode, payload) {
    const text = Buffer.from(payload), mask = randomBytes(4);
    const length = text.length < 126 ? Buffer.from([0x80 | text.length])
      : Buffer.from([0x80 | 126, text.length >> 8, text.length & 0xff]);
    const masked = text.map((byte, i) => byte ^ mask[i % 4]);
    this.stream.write(Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, masked]));
  }

  // Opcode and payload of the next frame; null at the end.
  async next() {
    while (this.#messages.length === 0 && !this.isClosed)
      await new Promise((wake) => (this.#wake = wake));
    return this.#messages.shift() ?? null;
  }

  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      if (this.#bytes.length < 2) return;
      const short = this.#bytes[1];
      const head = short === 127 ? 10 : short === 126 ? 4 : 2;
      if (this.#bytes.length < head) return;
      const length = short === 127 ? Number(this.#bytes.readBigUInt64BE(2))
        : short === 126 ? this.#bytes.readUInt16BE(2) : short;
      if (this.#bytes.length < head + length) return;
      const payload = this.#bytes.subarray(head, head + length);
      this.#messages.push({ opcode: this.#bytes[0] & 15, payload });
      this.#bytes = this.#bytes.subarray(head + length);
      this.#wake();
    }
  }
}

async function body(session, path) {
  const stream = session.request({ ":path": path });
  stream.setEncoding("utf8");
  let text = "";
  for await (const piece of stream) text += piece;
  return text;
}

test("sockets and requests share a connection", async () => {
  const its = await session();
  const sockets = await Promise.all(Array.from({ length: 20 }, () => Socket.open(its, "/echo/")));
  for (const [i, socket] of sockets.entries()) {
    assert.equal(socket.head[":status"], 200);
    socket.say(1, `I am ${i}`);
  }
  for (const [i, socket] of sockets.entries())
    assert.equal((await socket.next()).payload.toString(), `I am ${i}`);
  assert.match(await body(its, "/hello/"), /hello/i);
  const much = "m".repeat(60_000);
  for (let i = 0; i < 20; ++i) {
    sockets[0].say(1, much);
    assert.equal((await sockets[0].next()).payload.toString(), much);
  }
  for (const socket of sockets) socket.say(8, Buffer.from([3, 232]));
  for (const socket of sockets) {
    const { opcode, payload } = await socket.next();
    assert.equal(opcode, 8);
    assert.equal(payload.readUInt16BE(0), 1000);
    assert.equal(await socket.next(), null);
    assert.equal(socket.stream.rstCode, constants.NGHTTP2_NO_ERROR);
  }
  its.close();
});

test("what is no WebSocket is refused, and the connection goes on", async () => {
  const its = await session();
  const status = async (path, fields) => (await Socket.open(its, path, fields)).head[":status"];
  assert.equal(await status("/nowhere"), 404);
  assert.equal(await status("/hello/"), 501);
  assert.equal(await status("/echo/", { origin: "https://elsewhere.example" }), 403);
  assert.equal(await status("/echo/"), 200);
  its.destroy();
});

test("a client that breaks off leaves the others", async () => {
  const its = await session();
  const [gone, kept] = [await Socket.open(its, "/echo/"), await Socket.open(its, "/echo/")];
  gone.stream.close(constants.NGHTTP2_CANCEL);
  kept.say(1, "here");
  assert.equal((await kept.next()).payload.toString(), "here");
  kept.stream.end();  // the end without a close frame
  assert.equal(await kept.next(), null);
  its.close();
});
