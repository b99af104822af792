// The samples with WebSockets, by the bytes: what is refused, limited, replaced, and remembered.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RawSocket } from "./raw_socket.mjs";
import { Server } from "./server.mjs";

const [text, binary] = [1, 2];

// The chat with limits that a test can reach.
const manifest = `<Application>
  <Parameter name="secret" value="a secret of the tests, long enough to be one"/>
  <Library name="chat" file="lib/chat.so"/>
  <Endpoint name="token" library="chat" path="/token"/>
  <WebSocket name="chat" library="chat" path="/ws/{room}" maxTextMessageBufferSize="8KiB">
    <Parameter name="maxRooms" value="8"/>
    <Parameter name="maxPeople" value="2"/>
    <Parameter name="history" value="3"/>
    <Parameter name="maxText" value="10"/>
    <Parameter name="burst" value="5"/>
    <Parameter name="refill" value="1h"/>
    <Interceptor type="token" library="chat"/>
  </WebSocket>
</Application>
`;

let server;
before(async () => {
  server = await Server.start(["echo", "chat", "ticker"], { chat: manifest });
});
after(() => server?.end());

const token = async (name) => (await (await fetch(`${server.url}/chat/token?name=${name}`)).json()).token;

// Somebody in a room, with all that the server says.
class Person {
  static async enter(name, room) {
    const person = new Person();
    person.socket = await RawSocket.open(server.port, `/chat/ws/${room}?token=${await token(name)}`);
    assert.match(person.socket.head, /^HTTP\/1.1 101 /);
    return person;
  }
  say(id, words, to) {
    this.tell({ type: "say", id, text: words, ...(to && { to }) });
  }
  tell(message) {
    this.socket.send(text, typeof message === "string" ? message : JSON.stringify(message));
  }
  // The next message of this type; what comes before it is passed over.
  async hears(type) {
    for (;;) {
      const message = JSON.parse(await this.socket.text());
      assert.notEqual(message, null, `no ${type} came`);
      if (message.type === type) return message;
    }
  }
}

test("echo: text, bytes, and what is longer than a frame head likes", async () => {
  const socket = await RawSocket.open(server.port, "/echo/");
  for (const words of ["", "hello", "x".repeat(125), "y".repeat(126), "z".repeat(60_000), "äöü €"]) {
    socket.send(text, words);
    assert.equal(await socket.text(), words);
  }
  socket.send(binary, [0, 255, 1]);
  const frame = await socket.next();
  assert.equal(frame.opcode, binary);
  assert.deepEqual([...frame.payload], [0, 255, 1]);
  socket.close();
});

test("echo of objects: what is none is answered, and the socket stays open", async () => {
  const socket = await RawSocket.open(server.port, "/echo/json");
  const call = { code: 7, msg: "hello", data: { list: [1, null, "x"] } };
  socket.send(text, JSON.stringify(call));
  assert.deepEqual(JSON.parse(await socket.text()), call);
  for (const bad of ["{", "[]", "7", '{"code":"7","msg":"","data":1}', '{"code":7}']) {
    socket.send(text, bad);
    assert.equal(JSON.parse(await socket.text()).code, 400, bad);
  }
  socket.send(text, JSON.stringify(call));
  assert.deepEqual(JSON.parse(await socket.text()), call);
  socket.close();
});

test("chat: without a good token there is no socket", async () => {
  for (const query of ["", "?token=", "?token=x.y.z", `?token=${await token("ann")}x`]) {
    const socket = await RawSocket.open(server.port, `/chat/ws/lobby${query}`);
    assert.match(socket.head, /^HTTP\/1.1 401 /);
    assert.match(socket.head, /\r\nWWW-Authenticate: Bearer(\r\n|$)/);
    assert.match(socket.head, /\r\nContent-Type: application\/json(\r\n|$)/);
    assert.doesNotMatch(socket.head, /Sec-WebSocket-Accept/i);
    socket.close();
  }
  const room = await RawSocket.open(server.port, `/chat/ws/a%20b?token=${await token("ann")}`);
  assert.match(room.head, /^HTTP\/1.1 404 /);
  room.close();
  assert.equal((await fetch(`${server.url}/chat/token?name=`)).status, 400);
  assert.equal((await fetch(`${server.url}/chat/token?name=%ff`)).status, 400);
  assert.equal((await fetch(`${server.url}/chat/token?name=ann`, { method: "POST" })).status, 405);
});

test("chat: who is there, and what was said", async () => {
  const ann = await Person.enter("ann", "one");
  assert.deepEqual((await ann.hears("welcome")).people, ["ann"]);
  const bob = await Person.enter("b%C3%B6b", "one");
  const welcome = await bob.hears("welcome");
  assert.deepEqual(welcome.people, ["ann", "böb"]);
  assert.equal((await ann.hears("joined")).name, "böb");
  for (const n of [1, 2, 3, 4]) {
    ann.say(`a${n}`, ` text ${n} `);
    const said = await bob.hears("said");
    assert.deepEqual([said.number, said.id, said.from, said.text], [n, `a${n}`, "ann", `text ${n}`]);
  }
  bob.socket.close();
  assert.equal((await ann.hears("left")).name, "böb");
  const eve = await Person.enter("eve", "one");
  const late = await eve.hears("welcome");
  assert.deepEqual(late.history.map((one) => one.number), [2, 3, 4]);
  assert.equal(late.first, 2);
  assert.equal(late.since, welcome.since);
  for (const one of [ann, eve]) one.socket.close();
});

test("chat: to one alone, also in the history", async () => {
  const ann = await Person.enter("ann", "two");
  const bob = await Person.enter("bob", "two");
  await ann.hears("joined");
  ann.say("w1", "psst", "bob");
  for (const one of [ann, bob]) assert.equal((await one.hears("said")).to, "bob");
  ann.say("w2", "psst", "eve");
  assert.equal((await ann.hears("refused")).reason, "eve is not here");
  ann.say("a1", "all");
  await bob.hears("said");
  bob.socket.close();
  await ann.hears("left");
  const eve = await Person.enter("eve", "two");
  assert.deepEqual((await eve.hears("welcome")).history.map((one) => one.id), ["a1"]);
  eve.socket.close();
  await ann.hears("left");
  const again = await Person.enter("bob", "two");
  assert.deepEqual((await again.hears("welcome")).history.map((one) => one.id), ["w1", "a1"]);
  for (const one of [ann, again]) one.socket.close();
});

test("chat: what is said twice is heard once", async () => {
  const ann = await Person.enter("ann", "three");
  const bob = await Person.enter("bob", "three");
  ann.say("a1", "once");
  assert.equal((await ann.hears("said")).number, 1);
  ann.say("a1", "once");
  assert.equal((await ann.hears("said")).number, 1);
  ann.say("a2", "then");
  assert.equal((await bob.hears("said")).id, "a1");
  assert.equal((await bob.hears("said")).id, "a2");
  for (const one of [ann, bob]) one.socket.close();
});

test("chat: limits", async () => {
  const ann = await Person.enter("ann", "four");
  const refused = async (message, reason) => {
    ann.tell(message);
    assert.match((await ann.hears("refused")).reason, reason);
  };
  await refused("{", /not a message/);
  await refused("[]", /not a message/);
  await refused({ type: "say", id: 7, text: "x" }, /not a message/);
  await refused({ type: "sing", id: "1" }, /not a message/);
  await refused({ type: "say", text: "x" }, /an id/);
  await refused({ type: "say", id: "x".repeat(41), text: "x" }, /an id/);
  await refused({ type: "say", id: "1", text: " \n" }, /a text/);
  await refused({ type: "say", id: "1", text: "äöüäöüäöüä!" }, /longer than 10 characters/);
  ann.tell({ type: "ping" });
  await ann.hears("pong");
  for (let n = 0; n < 5; ++n) ann.say(`a${n}`, "äöüäöüäöüä");
  ann.say("last", "x");
  const last = await ann.hears("refused");
  assert.equal(last.id, "last");
  assert.ok(last.wait > 0 && last.wait <= 3_600_000);
  ann.socket.send(text, "x".repeat(9_000));
  assert.equal(await ann.socket.closeCode(), 1009);
  ann.socket.close();
});

test("chat: rooms and people are so many and no more", async () => {
  const people = [];
  for (const name of ["ann", "bob"]) people.push(await Person.enter(name, "full"));
  for (const one of people) await one.hears("welcome");
  const third = await Person.enter("eve", "full");
  assert.equal(await third.socket.closeCode(), 1013);
  const again = await Person.enter("ann", "full");
  await again.hears("welcome");
  await people[0].hears("replaced");
  assert.equal(await people[0].socket.closeCode(), 4001);
  people.push(again);
  // Empty rooms make place, others do not.
  for (let n = 1; n < 8; ++n) {
    const one = await Person.enter("ann", `r${n}`);
    await one.hears("welcome");
    people.push(one);
  }
  const last = await Person.enter("ann", "r8");
  assert.equal(await last.socket.closeCode(), 1013);
  for (const one of people) one.socket.close();
});

test("ticker: a symbol by its path, and pings", async () => {
  const socket = await RawSocket.open(server.port, "/ticker/quotes/OPAL");
  let last = 0;
  for (let n = 0; n < 100; ++n) {
    const quote = JSON.parse(await socket.text());
    assert.equal(quote.symbol, "OPAL");
    assert.ok(quote.number > last);
    last = quote.number;
  }
  socket.send(text, '{"cmd":1,"msg":"ping"}');
  while ((await socket.text()) !== '{"cmd":1,"msg":"pong"}') /* a quote */;
  socket.close();
  const none = await RawSocket.open(server.port, "/ticker/quotes/GOLD");
  assert.match(none.head, /^HTTP\/1.1 404 /);
  none.close();
});
