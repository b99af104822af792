// The sample "chat" as people have it: pages in a browser, with a server that may die.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, shoot, sizes } from "./browser.mjs";
import { Server } from "./server.mjs";

let server;
let browser;
before(async () => {
  server = await Server.start(["chat"]);
  browser = await Browser.launch();
});
after(async () => {
  await browser?.close();
  await server?.end();
});

async function enter(name, room, size) {
  const page = await browser.open(`${server.url}/chat/#${room}`, size);
  await page.fill("#name", name);
  await page.click("#entry button");
  await page.waitForSelector('#connection[data-state="open"]');
  await page.waitForSelector("#people .self");
  return page;
}

async function say(page, text) {
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

// The message as the room has it, not only as this page has sent it.
const said = (page, hasText) =>
  page.locator(".message:not(.waiting):not(.failed)", { hasText });
const hears = (page, text) => said(page, text).first().waitFor();
const other = (page, name) => page.locator(`#people button[data-name="${name}"]`);
const sees = (page, name) => other(page, name).waitFor();
const misses = (page, name) => other(page, name).waitFor({ state: "detached" });

test("two people talk, and see each other come and go", async () => {
  const ann = await enter("ann", "talk");
  const bob = await enter("bob", "talk");
  await sees(ann, "bob");
  await sees(bob, "ann");
  await say(ann, "Hello <b>bob</b> & all");
  await hears(bob, "Hello <b>bob</b> & all");
  await say(bob, "Hello ann");
  await hears(ann, "Hello ann");
  await bob.click("#leave");
  await misses(ann, "bob");
  const late = await enter("eve", "talk");
  await hears(late, "Hello ann");
});

test("what is said to one is read by one", async () => {
  const ann = await enter("ann", "quiet");
  const bob = await enter("bob", "quiet");
  const eve = await enter("eve", "quiet");
  await other(ann, "bob").click();
  await say(ann, "for bob alone");
  await hears(bob, "for bob alone");
  await hears(ann, "for bob alone");
  await ann.keyboard.press("Escape");
  await say(ann, "for everybody");
  await hears(eve, "for everybody");
  assert.equal(await said(eve, "for bob alone").count(), 0);
});

test("a second login takes the place of the first, which does not fight for it", async () => {
  const first = await enter("ann", "twice");
  const second = await enter("ann", "twice");
  await first.waitForSelector('#connection[data-state="closed"]');
  await first.locator("#notice", { hasText: "from somewhere else" }).waitFor();
  await say(second, "it is me");
  await hears(second, "it is me");
  assert.equal(await second.locator("#people li").count(), 1);
});

test("the server dies and comes back: nothing that was typed meanwhile is lost", async () => {
  const ann = await enter("ann", "restart");
  const bob = await enter("bob", "restart");
  await sees(ann, "bob");
  await server.kill();
  for (const page of [ann, bob]) await page.waitForSelector('#connection:not([data-state="open"])');
  await say(ann, "ann, in the dark");
  await say(bob, "bob, in the dark");
  await ann.waitForSelector(".message.waiting");
  assert.equal(await said(ann, "in the dark").count(), 0);
  await server.begin();
  for (const page of [ann, bob]) {
    await page.waitForSelector('#connection[data-state="open"]');
    await hears(page, "ann, in the dark");
    await hears(page, "bob, in the dark");
  }
  await sees(ann, "bob");
  await sees(bob, "ann");
  await say(ann, "and on it goes");
  await hears(bob, "and on it goes");
  for (const page of [ann, bob]) {
    for (const text of ["ann, in the dark", "bob, in the dark", "and on it goes"])
      assert.equal(await said(page, text).count(), 1, text);
    assert.equal(await page.locator(".message.waiting").count(), 0);
  }
});

test("the application is replaced: its sockets come back to the new one", async () => {
  const ann = await enter("ann", "replace");
  const bob = await enter("bob", "replace");
  await sees(ann, "bob");
  await server.replace("chat");
  await say(ann, "said while it happens");
  for (const page of [ann, bob]) {
    await page.locator(".note", { hasText: "The server was restarted." }).waitFor();
    await page.waitForSelector('#connection[data-state="open"]');
  }
  await sees(ann, "bob");
  await say(ann, "and on it goes");
  await hears(bob, "and on it goes");
  await hears(ann, "said while it happens");
});

test("names that are none, and sockets without a token", async () => {
  const page = await browser.open(`${server.url}/chat/`);
  const answer = await page.evaluate(async () => {
    const bad = await fetch("token?name=a%20b");
    return [bad.status, (await bad.json()).message];
  });
  assert.deepEqual(answer, [400, "A name is 1 to 20 letters, digits, '-' or '_'."]);
  const code = await page.evaluate(() => new Promise((done) => {
    new WebSocket("ws/lobby").onclose = (event) => done(event.code);
  }));
  assert.equal(code, 1006);
});

test("pages to look at", async () => {
  for (const [name, size] of Object.entries(sizes)) {
    const door = await browser.open(`${server.url}/chat/`, size);
    await shoot(door, `chat-door-${name}`);
    const room = `look-${name}`;
    const jo = await enter("Jo", room);
    const ann = await enter("ann", room, size);
    await say(jo, "Good morning! Has anybody seen the numbers of last night?");
    await hears(ann, "Good morning!");
    await say(ann, "Yes: https://example.test/a/long/address/that/has/no/space/where/it/could/break");
    await hears(ann, "Yes:");
    await other(ann, "Jo").click();
    await say(ann, "Between us, they are better than I thought.");
    await hears(jo, "Between us");
    await shoot(ann, `chat-${name}`);
  }
});
