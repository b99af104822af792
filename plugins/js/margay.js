// The browser's end: a WebSocket that notices when it is dead, and comes back by itself.

/**
 * @typedef {"connecting" | "open" | "waiting" | "closing" | "closed"} State
 * `waiting`: there is no connection, and the next attempt has its time. `closed`: for good.
 */

/**
 * @typedef {object} Loss Why a connection ended, or did not come about.
 * @property {number} code Close code (RFC 6455, section 7.4); 1006 when there was no close frame,
 *   and also when the server refused the handshake: browsers do not tell the two apart. 4401:
 *   `token` failed. 4408: no answer in time, to the handshake or to a heartbeat.
 * @property {string} reason
 * @property {boolean} wasClean
 * @property {number} attempt Attempts since the last connection that was stable.
 */

/**
 * @typedef {object} Options Times are milliseconds.
 * @property {string | string[]} [protocols] Subprotocols, the best one first.
 * @property {() => (string | null | Promise<string | null>)} [token] Called before each attempt;
 *   what it gives is added to the URL's query as `tokenName`. When it throws, the attempt failed.
 * @property {string} [tokenName] "token"
 * @property {BinaryType} [binaryType] "arraybuffer"
 * @property {Heartbeat | false} [heartbeat] `false`: none, for servers that have no answer to it.
 * @property {number} [connectTimeout] 10000, from the call of `token` to the open socket.
 * @property {number} [closeTimeout] 3000, how long `close` waits for the other side.
 * @property {number} [minDelay] 500, the upper limit of the first delay; it doubles each time.
 * @property {number} [maxDelay] 30000, where doubling ends.
 * @property {number} [stableAfter] 5000: a connection that lasts so long lets delays begin anew.
 * @property {number} [queueMessages] 100, how many messages wait while there is no connection.
 * @property {number} [queueBytes] 1048576, how many bytes wait, here or in the browser.
 * @property {"refuse" | "dropOldest"} [overflow] "refuse": what has no place in the queue is not
 *   taken, and `send` says so. "dropOldest": the oldest make room, each with an event `dropped`.
 * @property {(loss: Loss) => boolean | undefined} [reconnect] Whether to try again; `undefined`
 *   leaves it to the rule: not after 1000 (normal), 1008 (policy), and 4000 to 4999 (the
 *   application's own), after everything else.
 * @property {object} [environment] For tests: stands for `WebSocket`, `setTimeout`, `clearTimeout`,
 *   `now`, `random`, `window` and `document`.
 */

/**
 * @typedef {object} Heartbeat
 * @property {number} [interval] 10000: after so long without a message a ping is sent.
 * @property {number} [timeout] 10000: after so long without any message behind a ping the
 *   connection counts as dead.
 * @property {string | object | (() => string | object)} [message] {"cmd":1,"msg":"ping"}; objects
 *   are sent as JSON.
 * @property {string | null} [answer] {"cmd":1,"msg":"pong"}: this very text is an answer, and no
 *   message to the application. Any other message is a sign of life as well.
 */

const defaults = {
  protocols: [],
  token: null,
  tokenName: "token",
  binaryType: "arraybuffer",
  connectTimeout: 10_000,
  closeTimeout: 3_000,
  minDelay: 500,
  maxDelay: 30_000,
  stableAfter: 5_000,
  queueMessages: 100,
  queueBytes: 1 << 20,
  overflow: "refuse",
  reconnect: () => undefined,
};

const defaultHeartbeat = {
  interval: 10_000,
  timeout: 10_000,
  message: '{"cmd":1,"msg":"ping"}',
  answer: '{"cmd":1,"msg":"pong"}',
};

const browser = {
  WebSocket: globalThis.WebSocket,
  setTimeout: (call, delay) => globalThis.setTimeout(call, delay),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
  now: () => performance.now(),
  random: () => Math.random(),
  window: globalThis.window ?? globalThis.self, // the latter in a worker, which has no document
  document: globalThis.document,
};

const noAnswer = 4408;
const noToken = 4401;
const tryLater = 1013;

class SocketEvent extends Event {
  constructor(type, fields) {
    super(type);
    Object.assign(this, fields);
  }
}

/**
 * Events: `open` (protocol, attempt), `message` (data), `reconnecting` (delay, and the fields of a
 * Loss), `close` (the fields of a Loss, and `unsent`: the messages that were still waiting),
 * `dropped` (data), `state` (state). The end of a connection is either `reconnecting` or `close`.
 */
export class MargaySocket extends EventTarget {
  #url;
  #options;
  #heartbeat;
  #environment;
  /** @type {State} */ #state = "closed";
  #socket = null; // of the present round, once there is one
  #round = 0; // counts attempts and their ends: what comes late belongs to an earlier one
  #attempt = 0;
  #startedAt = 0;
  #openedAt = 0;
  #heardAt = 0;
  #queue = []; // {data, size}
  #queuedBytes = 0;
  #wait = null; // the state's timer: deadline of the handshake or the close, or next attempt
  #beat = null; // the timer of the heartbeat: the next ping, or the deadline of its answer
  #pinged = false;

  /**
   * Begins to connect.
   * @param {string | URL} url Relative to the page, or with one of ws, wss, http and https.
   * @param {Options} [options]
   */
  constructor(url, options = {}) {
    super();
    for (const name of Object.keys(options))
      if (!(name in defaults) && name !== "heartbeat" && name !== "environment")
        throw new TypeError(`MargaySocket has no option '${name}'`);
    this.#options = { ...defaults, ...options };
    if (!["refuse", "dropOldest"].includes(this.#options.overflow))
      throw new TypeError("overflow must be 'refuse' or 'dropOldest'");
    this.#heartbeat =
      options.heartbeat === false ? null : { ...defaultHeartbeat, ...options.heartbeat };
    this.#environment = { ...browser, ...options.environment };
    this.#url = new URL(url, this.#environment.document?.baseURI ?? globalThis.location?.href);
    this.#url.protocol = this.#url.protocol.replace(/^http/, "ws");
    if (!/^wss?:$/.test(this.#url.protocol))
      throw new TypeError(`'${url}' must begin with ws:, wss:, http: or https:`);
    this.#url.hash = "";
    this.open();
  }

  /** @returns {State} */
  get state() {
    return this.#state;
  }

  /** The negotiated subprotocol; "" for none. */
  get protocol() {
    return this.#socket?.protocol ?? "";
  }

  /** How many messages wait for a connection. */
  get queued() {
    return this.#queue.length;
  }

  /** Connects at once, when the socket is closed or waits for its next attempt. */
  open() {
    if (this.#state === "closed") {
      this.#attempt = 0;
      this.#listenToPage("addEventListener");
    } else if (this.#state !== "waiting") {
      return;
    }
    this.#connect();
  }

  /**
   * Sends now, or as soon as there is a connection. That something was sent does not mean that it
   * arrived: a connection may be dead for a while before it is noticed. Only an answer proves it.
   * @param {string | ArrayBuffer | ArrayBufferView | Blob} data
   * @returns {boolean} false: not taken, since too much waits already or the socket is closed.
   */
  send(data) {
    const size = sizeOf(data);
    if (this.#state === "open") {
      if (this.#socket.bufferedAmount + size > this.#options.queueBytes) return false;
      this.#socket.send(data);
      return true;
    }
    if (this.#state === "closed" || this.#state === "closing") return false;
    const { queueMessages, queueBytes, overflow } = this.#options;
    if (queueMessages < 1 || size > queueBytes) return false;
    const dropped = [];
    while (this.#queue.length >= queueMessages || this.#queuedBytes + size > queueBytes) {
      if (overflow === "refuse") return false;
      dropped.push(this.#take());
    }
    this.#queue.push({ data, size });
    this.#queuedBytes += size;
    for (const one of dropped) this.#emit("dropped", { data: one });
    return true;
  }

  /** Sends a value as JSON; see `send`. */
  sendJson(value) {
    return this.send(JSON.stringify(value));
  }

  /**
   * Ends it for good; `close` follows. `open` begins again.
   * @param {number} [code] 1000, or 3000 to 4999
   * @param {string} [reason]
   */
  close(code = 1000, reason = "") {
    if (this.#state === "closed" || this.#state === "closing") return;
    if (this.#state !== "open") {
      this.#end({ code, reason, wasClean: true });
      return;
    }
    this.#socket.close(code, reason); // throws when code or reason cannot be sent
    this.#stopTimers();
    this.#move("closing");
    this.#after(this.#options.closeTimeout, () => this.#end({ code, reason, wasClean: false }));
  }

  // --- the life of a connection

  async #connect() {
    const { token, tokenName, connectTimeout, protocols, binaryType } = this.#options;
    this.#leave();
    const round = this.#round;
    ++this.#attempt;
    this.#startedAt = this.#environment.now();
    this.#after(connectTimeout, () =>
      this.#lost({ code: noAnswer, reason: "no connection in time" }));
    this.#move("connecting");
    await null; // whoever made the socket can listen to it before anything can fail
    if (round !== this.#round) return;
    const url = new URL(this.#url);
    try {
      const value = await token?.();
      if (value != null) url.searchParams.set(tokenName, value);
    } catch (error) {
      const reason = `no token: ${error?.message ?? error}`;
      if (round === this.#round) this.#lost({ code: noToken, reason });
      return;
    }
    if (round !== this.#round) return;
    let socket;
    try {
      socket = new this.#environment.WebSocket(url.href, protocols);
    } catch (error) {
      // A subprotocol that is no token, or ws: on a page of https: trying again is no use.
      this.#end({ code: 1006, reason: String(error?.message ?? error), wasClean: false });
      return;
    }
    socket.binaryType = binaryType;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#heard(event.data);
    socket.onclose = ({ code, reason, wasClean }) => this.#lost({ code, reason, wasClean }, false);
    this.#socket = socket;
  }

  #opened() {
    this.#stopTimers();
    this.#openedAt = this.#heardAt = this.#environment.now();
    this.#move("open");
    if (this.#heartbeat) this.#beatAfter(this.#heartbeat.interval);
    const round = this.#round;
    // What a listener sends, such as who it is, goes before what has been waiting.
    this.#emit("open", { protocol: this.protocol, attempt: this.#attempt });
    while (this.#queue.length > 0 && this.#state === "open" && round === this.#round)
      this.#socket.send(this.#take());
  }

  #heard(data) {
    this.#heardAt = this.#environment.now();
    if (this.#pinged && this.#state === "open") {
      this.#pinged = false;
      this.#beatAfter(this.#heartbeat.interval);
    }
    if (!this.#heartbeat || data !== this.#heartbeat.answer) this.#emit("message", { data });
  }

  // `ours`: by this file's own decision, which a close code cannot forbid.
  #lost({ code, reason, wasClean = false }, ours = true) {
    const lasted = this.#state === "open" ? this.#environment.now() - this.#openedAt : 0;
    if (lasted >= this.#options.stableAfter) this.#attempt = 0;
    const loss = { code, reason, wasClean, attempt: this.#attempt };
    const wanted = () => this.#options.reconnect(loss) ?? (ours || comesBack(code));
    if (this.#state === "closing" || !wanted()) {
      this.#end(loss);
      return;
    }
    this.#leave();
    const round = this.#round;
    const delay = this.#delay(code);
    this.#after(delay, () => this.#connect());
    this.#move("waiting");
    if (round === this.#round) this.#emit("reconnecting", { delay, ...loss });
  }

  #end({ code, reason, wasClean }) {
    const unsent = this.#queue.map(({ data }) => data);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#leave();
    this.#listenToPage("removeEventListener");
    this.#move("closed");
    this.#emit("close", { code, reason, wasClean, attempt: this.#attempt, unsent });
  }

  // Lets go of the connection without waiting for it: a dead one would take minutes to close.
  #leave() {
    ++this.#round;
    this.#stopTimers();
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  // Anything between nothing and a limit that doubles ("full jitter"): the clients of a server that
  // was restarted do not come back all at once.
  #delay(code) {
    const { minDelay, maxDelay } = this.#options;
    const doublings = Math.min(Math.max(this.#attempt - 1, code === tryLater ? 3 : 0), 30);
    return Math.round(this.#environment.random() * Math.min(maxDelay, minDelay * 2 ** doublings));
  }

  // --- the heartbeat

  #beatAfter(delay) {
    this.#environment.clearTimeout(this.#beat);
    this.#beat = this.#environment.setTimeout(() => this.#tick(), delay);
  }

  // A message moves no timer; the timer looks when the last one came.
  #tick() {
    if (this.#pinged) {
      this.#lost({ code: noAnswer, reason: "no answer to the heartbeat" });
      return;
    }
    const rest = this.#heardAt + this.#heartbeat.interval - this.#environment.now();
    if (rest > 0) this.#beatAfter(rest);
    else this.#ping();
  }

  #ping() {
    const { message, timeout } = this.#heartbeat;
    const ping = typeof message === "function" ? message() : message;
    this.#socket.send(typeof ping === "string" ? ping : JSON.stringify(ping));
    this.#pinged = true;
    this.#beatAfter(timeout);
  }

  // --- the page

  #listenToPage(change) {
    const { window, document } = this.#environment;
    window?.[change]("online", this.#onPage);
    window?.[change]("offline", this.#onPage);
    window?.[change]("pageshow", this.#onPage);
    document?.[change]("visibilitychange", this.#onPage);
  }

  // The network or the reader is back, perhaps after hours of sleep: what waits tries at once (but
  // not again and again), what seems to be open proves it.
  #onPage = ({ type }) => {
    const { document, now } = this.#environment;
    if (document?.visibilityState === "hidden") return;
    if (this.#state === "open" && this.#heartbeat && !this.#pinged) this.#ping();
    if (this.#state !== "waiting" || type === "offline") return;
    if (now() - this.#startedAt >= this.#options.minDelay) this.#connect();
  };

  // --- small things

  #take() {
    const { data, size } = this.#queue.shift();
    this.#queuedBytes -= size;
    return data;
  }

  #after(delay, call) {
    this.#environment.clearTimeout(this.#wait);
    this.#wait = this.#environment.setTimeout(call, delay);
  }

  #stopTimers() {
    this.#environment.clearTimeout(this.#wait);
    this.#environment.clearTimeout(this.#beat);
    this.#wait = this.#beat = null;
    this.#pinged = false;
  }

  #move(state) {
    if (this.#state === state) return;
    this.#state = state;
    this.#emit("state", { state });
  }

  #emit(type, fields) {
    this.dispatchEvent(new SocketEvent(type, fields));
  }
}

function comesBack(code) {
  return code !== 1000 && code !== 1008 && !(code >= 4000 && code <= 4999);
}

function sizeOf(data) {
  if (typeof data === "string") return new TextEncoder().encode(data).length;
  return data.size ?? data.byteLength;
}
