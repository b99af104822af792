// The sample "ticker" in a browser: live values, and a reader that is slow.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, shoot, sizes } from "./browser.mjs";
import { Server } from "./server.mjs";

// Less than ten thousand a second, which browser, server and whatever else a machine of tests is doing
// can share.
const manifest = `<Application>
  <Library name="ticker" file="lib/ticker.so"/>
  <WebSocket name="ticker" library="ticker" path="/quotes/{symbol}">
    <Parameter name="rate" value="3000"/>
  </WebSocket>
</Application>
`;

let server;
let browser;
before(async () => {
  server = await Server.start(["ticker"], { ticker: manifest });
  browser = await Browser.launch();
});
after(async () => {
  await browser?.close();
  await server?.end();
});

const open = async (size) => {
  const page = await browser.open(`${server.url}/ticker/`, size);
  await page.waitForSelector('#state[data-state="open"]');
  return page;
};
// Once there is a figure above zero.
const counts = (page, id) =>
  page.waitForFunction(
    (id) => Number(document.getElementById(id).textContent.replace(/\D/g, "")) > 0, id);

test("all symbols, and their prices move", async () => {
  const page = await open();
  await page.waitForFunction(() => document.querySelectorAll("#quotes tr").length === 24);
  const before = await page.locator("#quotes .price").allTextContents();
  await page.waitForFunction((before) => {
    const now = [...document.querySelectorAll("#quotes .price")];
    return now.every((one, i) => one.textContent !== before[i]);
  }, before);
  await counts(page, "rate");
  await page.close();
});

test("one symbol alone", async () => {
  const page = await open();
  await page.selectOption("#symbol", "OPAL");
  await page.waitForFunction(() => document.querySelectorAll("#quotes tr").length === 1);
  await counts(page, "rate");
  assert.deepEqual(await page.locator("#quotes .symbol").allTextContents(), ["OPAL"]);
  await page.close();
});

test("a slow reader is passed over, and goes on", async () => {
  const page = await open();
  await page.check("#slow");
  await counts(page, "skipped");
  await counts(page, "rate");
  await page.uncheck("#slow");
  await page.waitForFunction(() => document.querySelectorAll("#quotes tr").length === 24);
  await page.close();
});

test("pages to look at", async () => {
  for (const [name, size] of Object.entries(sizes)) {
    const page = await open(size);
    await counts(page, "rate");
    await counts(page, "rate");
    await page.waitForFunction(() =>
      document.querySelector("#quotes polyline")?.getAttribute("points").split(" ").length >= 30);
    await shoot(page, `ticker-${name}`);
    await page.close();
  }
});
