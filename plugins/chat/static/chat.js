// The page of the chat: what its parts show follows from the messages of chat.cpp.
import { MargaySocket } from "./margay.js";

const $ = (id) => document.getElementById(id);
const clock = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });

let me = "";
let room = "";
let socket = null;
let people = new Set();
let whisperTo = null;
let countdown = null;

// What has been shown. Numbers count within one life of the room, which ends with the server.
let life = 0;
let last = 0;

// What this page has sent and seen no trace of yet, by id: {message, element}. It is said again
// after each reconnect, since what went into a dead connection is lost; the room says nothing twice.
const pending = new Map();
const mostPending = 100;

// --- the door

$("name").value = localStorage.getItem("chat.name") ?? "";
$("room").value = roomOfAddress() || "lobby";
$("name").focus();

$("entry").addEventListener("submit", async (event) => {
  event.preventDefault();
  me = $("name").value;
  room = $("room").value;
  try {
    await token();
  } catch (error) {
    $("entry-error").textContent = error.message;
    $("entry-error").hidden = false;
    return;
  }
  $("entry-error").hidden = true;
  localStorage.setItem("chat.name", me);
  location.hash = encodeURIComponent(room);
  $("room-name").textContent = room;
  document.title = `#${room} – Chat`;
  $("enter").hidden = true;
  $("chat").hidden = false;
  connect();
  $("text").focus();
});

function roomOfAddress() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return ""; // not what this page has written
  }
}

// A fresh one for each connection: the server may have been restarted with another secret.
async function token() {
  const answer = await fetch(`token?name=${encodeURIComponent(me)}`, { cache: "no-store" });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.message ?? `The server answered ${answer.status}.`);
  return body.token;
}

$("leave").addEventListener("click", () => {
  socket.close();
  location.hash = "";
  location.reload();
});

// --- the connection

function connect() {
  socket = new MargaySocket(`ws/${encodeURIComponent(room)}`, {
    protocols: "chat.v1",
    token,
    heartbeat: { message: { type: "ping" }, answer: '{"type":"pong"}' },
    queueMessages: 0, // `pending` knows better what has to be said again
    maxDelay: 15_000,
  });
  socket.addEventListener("state", showState);
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    on[message.type]?.(message);
  });
  socket.addEventListener("reconnecting", ({ delay, code, reason }) => {
    if (code === 1013) notice(reason);
    const due = performance.now() + delay;
    const show = () => {
      const left = Math.max(0, Math.ceil((due - performance.now()) / 1000));
      $("state").textContent = left > 0 ? `back in ${left} s` : "connecting";
    };
    show();
    countdown = setInterval(show, 200);
  });
  socket.addEventListener("close", ({ code, reason }) => {
    if (code !== 1000 && code !== 4001) notice(reason || `The connection has ended (${code}).`);
  });
}

function showState() {
  clearInterval(countdown);
  const { state } = socket;
  const text = { open: "online", connecting: "connecting" }[state] ?? "offline";
  $("connection").dataset.state = state;
  $("state").textContent = text;
  $("state-spoken").textContent = text;
  $("retry").hidden = state !== "waiting" && state !== "closed";
}

$("retry").addEventListener("click", () => {
  notice("");
  socket.open();
});

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

// --- what the server says

const on = {
  welcome({ people: names, history, first, since }) {
    notice("");
    people = new Set(names);
    showPeople();
    if (since !== life) {
      if (life !== 0) note("The server was restarted.");
      life = since;
      last = 0;
    } else if (first > last + 1) {
      note("Some messages are missing here.");
    }
    for (const message of history) on.said(message);
    // In their order. What comes back of them takes them off.
    for (const { message } of pending.values()) socket.sendJson(message);
  },
  joined({ name }) {
    if (people.has(name)) return;
    people.add(name);
    showPeople();
    note(`${name} has come`);
  },
  left({ name }) {
    if (!people.delete(name)) return;
    showPeople();
    note(`${name} has left`);
  },
  said(message) {
    if (!settle(message) && message.number <= last) return;
    last = Math.max(last, message.number);
    show(message);
  },
  refused({ id, reason, wait }) {
    const waiting = pending.get(id);
    if (!waiting) {
      notice(reason);
    } else if (wait) {
      setTimeout(() => pending.has(id) && socket.sendJson(waiting.message), wait);
    } else {
      pending.delete(id);
      waiting.element.classList.replace("waiting", "failed");
      waiting.element.querySelector(".meta").textContent = reason;
    }
  },
  replaced() {
    notice(`${me} has entered this room from somewhere else.`);
  },
};

// Whether this page was waiting for it.
function settle({ id, from }) {
  const waiting = from === me && pending.get(id);
  if (!waiting) return false;
  pending.delete(id);
  waiting.element.remove();
  return true;
}

// --- writing

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  if (pending.size >= mostPending) {
    notice("Too much waits to be sent already.");
    return;
  }
  const id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  const message = { type: "say", id, text, ...(whisperTo && { to: whisperTo }) };
  const element = show({ ...message, from: me, at: Date.now() }, "waiting");
  pending.set(id, { message, element });
  socket.sendJson(message); // or else with the next welcome
  $("text").value = "";
  fit();
  $("messages").scrollTop = $("messages").scrollHeight;
});

$("text").addEventListener("keydown", (event) => {
  if (event.key === "Escape") whisper(null);
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  $("composer").requestSubmit();
});

// For browsers without `field-sizing`.
function fit() {
  const text = $("text");
  text.style.height = "auto";
  text.style.height = `${text.scrollHeight + 2}px`;
}
$("text").addEventListener("input", fit);

function whisper(name) {
  whisperTo = name;
  $("whispering").hidden = !name;
  $("whisper-to").textContent = name ?? "";
  $("text").placeholder = name ? `Say something to ${name}` : "Say something";
  for (const button of $("people").querySelectorAll("button"))
    button.setAttribute("aria-pressed", button.dataset.name === name);
  $("text").focus();
}
$("whisper-end").addEventListener("click", () => whisper(null));

// --- showing

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function hue(name) {
  let hash = 0;
  for (const c of name) hash = (hash * 31 + c.codePointAt(0)) % 1024;
  return (hash * 137.508) % 360; // neighbours far apart
}

function face(name) {
  const element = make("span", "face", [...name][0]);
  element.setAttribute("aria-hidden", "true");
  element.style.setProperty("--hue", hue(name));
  return element;
}

function showPeople() {
  $("count").textContent = people.size;
  const names = [...people].sort((a, b) => (b === me) - (a === me) || a.localeCompare(b));
  $("people").replaceChildren(...names.map((name) => {
    const item = document.createElement("li");
    const one = make(name === me ? "span" : "button", name === me ? "self" : "");
    one.append(face(name), make("span", "name", name));
    if (name === me) {
      one.append(make("span", "you", "you"));
    } else {
      one.type = "button";
      one.dataset.name = name;
      one.title = `Write to ${name} alone`;
      one.setAttribute("aria-pressed", name === whisperTo);
      one.addEventListener("click", () => whisper(name === whisperTo ? null : name));
    }
    item.append(one);
    return item;
  }));
}

function note(text) {
  append(make("li", "note", text));
}

function show({ from, to, text, at }, waiting = "") {
  const own = from === me;
  const element = make("li", `message ${own ? "own" : ""} ${to ? "private" : ""} ${waiting}`);
  element.dataset.by = `${from}\n${to ?? ""}`;
  element.style.setProperty("--hue", hue(from));
  const bubble = make("div", "bubble");
  if (to) bubble.append(make("span", "label", own ? `to ${to} alone` : "to you alone"));
  const time = make("time", "meta", waiting ? "on its way" : clock.format(at));
  time.dateTime = new Date(at).toISOString();
  bubble.append(text, "  ", time); // at the end of a line these spaces take no place
  element.append(face(from), make("span", "who", from), bubble);
  const before = $("messages").lastElementChild;
  if (before?.dataset.by === element.dataset.by) element.classList.add("follows");
  append(element);
  return element;
}

// The page holds as much as anybody scrolls back.
const longest = 500;

function append(element) {
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(element);
  // What waits stays behind what is there.
  for (const { element: one } of pending.values()) if (one.isConnected) list.append(one);
  while (list.children.length > longest) list.firstElementChild.remove();
  if (atEnd) list.scrollTop = list.scrollHeight;
  else if (!element.classList.contains("waiting")) $("newer").hidden = false;
}

$("messages").addEventListener("scroll", ({ target }) => {
  if (target.scrollHeight - target.scrollTop - target.clientHeight < 40) $("newer").hidden = true;
});
$("newer").addEventListener("click", () => {
  $("messages").scrollTop = $("messages").scrollHeight;
});
