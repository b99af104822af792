// margay.js against a WebSocket, a clock and a page that are made up: nothing here waits.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MargaySocket } from "../../plugins/js/margay.js";

class Clock {
  time = 0;
  #timers = new Map();
  #last = 0;
  setTimeout = (call, delay) => {
    this.#timers.set(++this.#last, { call, due: this.time + delay });
    return this.#last;
  };
  clearTimeout = (timer) => this.#timers.delete(timer);
  now = () => this.time;
  get pending() {
    return this.#timers.size;
  }
  async pass(span) {
    const end = this.time + span;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter(([, one]) => one.due <= end);
      if (due.length === 0) break;
      const [timer, one] = due.reduce((a, b) => (b[1].due < a[1].due ? b : a));
      this.#timers.delete(timer);
      this.time = one.due;
      one.call();
    }
    this.time = end;
  }
}

// Promises that are ready have run.
const settle = () => new Promise((done) => setImmediate(done));

class FakeSocket {
  static all = [];
  readyState = 0;
  bufferedAmount = 0;
  protocol = "";
  sent = [];
  closedWith = null;
  constructor(url, protocols) {
    if (protocols === "not a token") throw new SyntaxError("The subprotocol is invalid.");
    this.url = url;
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }
  send(data) {
    this.sent.push(data);
  }
  close(code, reason) {
    if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
      throw new Error("InvalidAccessError");
    this.closedWith ??= { code, reason };
  }
  accept(protocol = "") {
    this.protocol = protocol;
    this.onopen({});
  }
  say(data) {
    this.onmessage({ data });
  }
  end(code, reason = "", wasClean = code !== 1006) {
    this.onclose({ code, reason, wasClean });
  }
}

class Page extends EventTarget {
  visibilityState = "visible";
  constructor(baseURI) {
    super();
    this.baseURI = baseURI;
  }
  tell(type) {
    this.dispatchEvent(new Event(type));
  }
}

// A socket, all that it says, and everything it talks to.
async function begin(
  options = {}, url = "wss://example.test/ws", baseURI = "https://example.test/app/page.html",
) {
  FakeSocket.all = [];
  const clock = new Clock();
  const page = new Page(baseURI);
  const { setTimeout, clearTimeout, now } = clock;
  const dice = { value: 1 };
  const environment = {
    WebSocket: FakeSocket, setTimeout, clearTimeout, now,
    random: () => dice.value, window: page, document: page,
  };
  const socket = new MargaySocket(url, { environment, ...options });
  const events = [];
  for (const type of ["open", "message", "reconnecting", "close", "dropped", "state"])
    socket.addEventListener(type, (event) => events.push(event));
  const of = (type) => events.filter((event) => event.type === type);
  await settle();
  const sockets = FakeSocket.all;
  return { socket, clock, page, dice, of, sockets, last: () => sockets.at(-1) };
}

async function beginOpen(options) {
  const all = await begin(options);
  all.last().accept();
  return all;
}

const ping = '{"cmd":1,"msg":"ping"}';
const pong = '{"cmd":1,"msg":"pong"}';

test("opens, sends, hears, and closes", async () => {
  const { socket, last, of } = await begin({ protocols: ["chat.v2"] });
  assert.equal(socket.state, "connecting");
  assert.deepEqual(last().protocols, ["chat.v2"]);
  last().accept("chat.v2");
  assert.equal(socket.state, "open");
  assert.equal(of("open")[0].protocol, "chat.v2");
  assert.equal(socket.send("hello"), true);
  assert.equal(socket.sendJson({ a: 1 }), true);
  assert.deepEqual(last().sent, ["hello", '{"a":1}']);
  last().say("answer");
  assert.deepEqual(of("message").map((event) => event.data), ["answer"]);
  socket.close(3001, "enough");
  assert.equal(socket.state, "closing");
  assert.equal(socket.send("late"), false);
  assert.deepEqual(last().closedWith, { code: 3001, reason: "enough" });
  last().end(3001, "enough");
  assert.equal(socket.state, "closed");
  assert.equal(of("close").length, 1);
  assert.equal(of("close")[0].wasClean, true);
  assert.equal(of("reconnecting").length, 0);
});

test("URLs are the page's, and those of http become those of ws", async () => {
  assert.equal((await begin({}, "/chat/lobby")).last().url, "wss://example.test/chat/lobby");
  assert.equal((await begin({}, "feed#part")).last().url, "wss://example.test/app/feed");
  assert.equal((await begin({}, "http://other.test/x")).last().url, "ws://other.test/x");
  assert.equal((await begin({}, "https://other.test/x")).last().url, "wss://other.test/x");
  const { last } = await begin({}, "feed", "http://plain.test/app/");
  assert.equal(last().url, "ws://plain.test/app/feed");
  await assert.rejects(begin({}, "ftp://other.test/x"), /must begin with/);
  await assert.rejects(begin({ heartBeat: false }), /has no option 'heartBeat'/);
  await assert.rejects(begin({ overflow: "never" }), /overflow must be/);
});

test("a token is asked for before each attempt", async () => {
  let count = 0;
  const { clock, sockets } = await begin({ token: async () => `t ${++count}`, tokenName: "auth" });
  sockets[0].end(1006);
  await clock.pass(500);
  assert.deepEqual(sockets.map((one) => one.url),
    ["wss://example.test/ws?auth=t+1", "wss://example.test/ws?auth=t+2"]);
});

test("a token that fails is a failed attempt; one that comes too late is not used", async () => {
  const failing = await begin({ token: () => { throw new Error("login first"); } });
  assert.equal(failing.sockets.length, 0);
  assert.equal(failing.of("reconnecting")[0].code, 4401);
  assert.equal(failing.of("reconnecting")[0].reason, "no token: login first");
  let give;
  const late = await begin({ token: () => new Promise((done) => { give = done; }) });
  late.socket.close();
  give("x");
  await settle();
  assert.equal(late.sockets.length, 0);
  assert.equal(late.clock.pending, 0);
});

test("delays double up to the limit, and are a random part of it", async () => {
  const { clock, dice, of, last } = await begin({ minDelay: 100, maxDelay: 1000 });
  const seen = [];
  for (let i = 0; i < 6; ++i) {
    last().end(1006);
    seen.push(of("reconnecting").at(-1).delay);
    await clock.pass(seen.at(-1));
  }
  assert.deepEqual(seen, [100, 200, 400, 800, 1000, 1000]);
  dice.value = 0.25;
  last().end(1006);
  assert.equal(of("reconnecting").at(-1).delay, 250);
  assert.equal(of("reconnecting").at(-1).attempt, 7);
});

test("only a stable connection lets the delays begin anew", async () => {
  const { clock, of, last } = await begin({ minDelay: 100, stableAfter: 5000, heartbeat: false });
  const delays = () => of("reconnecting").map((event) => event.delay);
  for (const lasting of [0, 4999, 5000]) {
    last().accept();
    await clock.pass(lasting);
    last().end(1006);
    await clock.pass(delays().at(-1));
  }
  assert.deepEqual(delays(), [100, 200, 100]);
});

test("a server that is busy is given more time", async () => {
  const { last, of } = await beginOpen({ minDelay: 100 });
  last().end(1013, "try later");
  assert.equal(of("reconnecting")[0].delay, 800);
});

test("close codes say whether to come back", async () => {
  for (const code of [1000, 1001, 1005, 1006, 1008, 1011, 1012, 3000, 4000, 4408, 4999]) {
    const again = ![1000, 1008, 4000, 4408, 4999].includes(code);
    const { last, of, socket, clock } = await beginOpen();
    last().end(code, "why");
    assert.equal(of("reconnecting").length, again ? 1 : 0, `${code}`);
    assert.equal(of("close").length, again ? 0 : 1, `${code}`);
    assert.equal(socket.state, again ? "waiting" : "closed");
    if (!again) assert.equal(clock.pending, 0);
  }
});

test("the application may decide otherwise", async () => {
  const stubborn = await beginOpen({ reconnect: ({ code }) => (code === 4000 ? true : undefined) });
  stubborn.last().end(4000);
  assert.equal(stubborn.socket.state, "waiting");
  await stubborn.clock.pass(500);
  stubborn.last().end(1000);
  assert.equal(stubborn.socket.state, "closed");
  const limited = await begin({ reconnect: ({ attempt }) => attempt < 2 });
  limited.last().end(1006);
  await limited.clock.pass(500);
  limited.last().end(1006);
  assert.equal(limited.socket.state, "closed");
  assert.equal(limited.sockets.length, 2);
});

test("a ping after silence only, and its answer is nobody else's business", async () => {
  const { clock, last, of } = await beginOpen();
  await clock.pass(9_000);
  last().say("news");
  await clock.pass(9_999);
  assert.deepEqual(last().sent, []);
  await clock.pass(1);
  assert.deepEqual(last().sent, [ping]);
  await clock.pass(9_999);
  last().say(pong);
  await clock.pass(9_999);
  assert.equal(last().sent.length, 1);
  await clock.pass(1);
  assert.equal(last().sent.length, 2);
  last().say("any message is an answer");
  await clock.pass(9_999);
  assert.deepEqual(of("message").map((event) => event.data), ["news", "any message is an answer"]);
  assert.equal(of("reconnecting").length, 0);
});

test("without an answer the connection is left, and a new one made", async () => {
  const { clock, sockets, of, socket } = await beginOpen();
  await clock.pass(20_000);
  assert.equal(of("reconnecting")[0].code, 4408);
  assert.equal(of("reconnecting")[0].reason, "no answer to the heartbeat");
  assert.notEqual(sockets[0].closedWith, null);
  assert.equal(sockets[0].onmessage, null);
  await clock.pass(500);
  sockets[1].accept();
  assert.equal(socket.state, "open");
});

test("the ping is the application's to choose", async () => {
  let count = 0;
  const heartbeat = { interval: 50, timeout: 20, message: () => ({ ping: ++count }), answer: null };
  const { clock, last, of } = await beginOpen({ heartbeat });
  await clock.pass(50);
  last().say(pong);
  assert.equal(of("message").length, 1);
  await clock.pass(50);
  assert.deepEqual(last().sent, ['{"ping":1}', '{"ping":2}']);
  const none = await beginOpen({ heartbeat: false });
  assert.equal(none.clock.pending, 0);
});

test("a handshake without an answer is given up", async () => {
  const { clock, sockets, of } = await begin({ connectTimeout: 3000 });
  await clock.pass(3000);
  assert.equal(of("reconnecting")[0].reason, "no connection in time");
  assert.notEqual(sockets[0].closedWith, null);
});

test("what is sent meanwhile waits, behind what the listener of open says", async () => {
  const { socket, clock, last, sockets } = await beginOpen();
  socket.addEventListener("open", () => socket.send("it is me"));
  last().end(1006);
  assert.equal(socket.send("one"), true);
  assert.equal(socket.send(new Uint8Array([1, 2])), true);
  assert.equal(socket.queued, 2);
  await clock.pass(500);
  last().accept();
  assert.deepEqual(sockets[1].sent, ["it is me", "one", new Uint8Array([1, 2])]);
  assert.equal(socket.queued, 0);
});

test("a full queue refuses", async () => {
  const { socket } = await begin({ queueMessages: 2, queueBytes: 10 });
  assert.equal(socket.send("äöü"), true); // six bytes
  assert.equal(socket.send("12345"), false);
  assert.equal(socket.send("1234"), true);
  assert.equal(socket.send(""), false);
  assert.equal(socket.queued, 2);
});

test("or it drops the oldest, and says which", async () => {
  const options = { queueMessages: 2, queueBytes: 10, overflow: "dropOldest" };
  const { socket, of, last } = await begin(options);
  for (const text of ["1", "2", "3"]) assert.equal(socket.send(text), true);
  assert.equal(socket.send("12345678901"), false);
  assert.deepEqual(of("dropped").map((event) => event.data), ["1"]);
  assert.equal(socket.send("1234567890"), true);
  assert.deepEqual(of("dropped").map((event) => event.data), ["1", "2", "3"]);
  last().accept();
  assert.deepEqual(last().sent, ["1234567890"]);
});

test("a connection that takes nothing is not fed without end", async () => {
  const { socket, last } = await beginOpen({ queueBytes: 100 });
  last().bufferedAmount = 99;
  assert.equal(socket.send("ab"), false);
  assert.equal(socket.send("a"), true);
});

test("what nobody got is given back at the end", async () => {
  const { socket, of, clock } = await begin();
  socket.send("kept");
  socket.close();
  assert.deepEqual(of("close")[0].unsent, ["kept"]);
  assert.equal(clock.pending, 0);
  assert.equal(socket.send("x"), false);
  socket.close();
  assert.equal(of("close").length, 1);
});

test("the other side may not keep a close waiting", async () => {
  const { socket, clock, of } = await beginOpen({ closeTimeout: 3000 });
  assert.throws(() => socket.close(1001));
  assert.equal(socket.state, "open");
  socket.close();
  await clock.pass(2999);
  assert.equal(socket.state, "closing");
  await clock.pass(1);
  assert.equal(socket.state, "closed");
  assert.equal(of("close")[0].wasClean, false);
});

test("the network is back: what waits tries at once, but not again and again", async () => {
  const { clock, page, sockets, last, of } = await begin({ minDelay: 500 });
  for (let i = 0; i < 5; ++i) {
    last().end(1006);
    if (i < 4) await clock.pass(of("reconnecting").at(-1).delay);
  }
  const before = sockets.length;
  page.tell("offline");
  await settle();
  assert.equal(sockets.length, before);
  page.tell("online");
  await settle();
  assert.equal(sockets.length, before, "the last attempt has only just begun");
  await clock.pass(500);
  page.tell("online");
  await settle();
  assert.equal(sockets.length, before + 1);
  page.tell("online");
  await settle();
  assert.equal(sockets.length, before + 1);
});

test("the reader is back: an open connection proves that it lives", async () => {
  const { clock, page, last, of } = await beginOpen();
  page.visibilityState = "hidden";
  page.tell("visibilitychange");
  assert.deepEqual(last().sent, []);
  page.visibilityState = "visible";
  page.tell("visibilitychange");
  page.tell("pageshow");
  assert.deepEqual(last().sent, [ping]);
  await clock.pass(10_000);
  assert.equal(of("reconnecting")[0].reason, "no answer to the heartbeat");
});

test("closed is closed, until it is opened", async () => {
  const { socket, page, clock, sockets, of } = await beginOpen();
  socket.close();
  sockets[0].end(1000);
  page.tell("online");
  await clock.pass(100_000);
  assert.equal(sockets.length, 1);
  socket.open();
  await settle();
  sockets[1].accept();
  assert.equal(socket.state, "open");
  assert.equal(of("open").length, 2);
  socket.open();
  await settle();
  assert.equal(sockets.length, 2);
});

test("a listener may end it at any moment", async () => {
  for (const type of ["open", "reconnecting", "state"]) {
    const { socket, clock, last, of } = await begin();
    socket.addEventListener(type, () => socket.close());
    last().accept();
    last().end?.call({ onclose: last().onclose ?? (() => {}) }, 1006);
    await clock.pass(100_000);
    assert.equal(socket.state, "closed", type);
    assert.equal(of("close").length, 1, type);
    assert.equal(clock.pending, 0, type);
  }
});

test("what cannot work is not tried again", async () => {
  const { of, clock } = await begin({ protocols: "not a token" });
  assert.equal(of("close")[0].reason, "The subprotocol is invalid.");
  assert.equal(clock.pending, 0);
});
