// The sample "guestbook" as people use it.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, shoot, sizes } from "./browser.mjs";
import { Server } from "./server.mjs";

let server, browser;
before(async () => {
  server = await Server.start(["guestbook"]);
  browser = await Browser.launch();
});
after(async () => {
  await browser?.close();
  await server?.end();
});

const write = async (page, author, text) => {
  await page.getByLabel("Your name").fill(author);
  await page.getByLabel("What you would like to say").fill(text);
  await page.getByRole("button", { name: "Write it down" }).click();
};

test("an entry is written once, shown as text, and found by its own address", async () => {
  const page = await browser.open(`${server.url}/guestbook/`);
  await page.getByText("Nobody has written anything here yet.").waitFor();
  await shoot(page, "guestbook-empty");
  await write(page, "Ada", "<script>document.title = 'taken'</script> & two\nlines");
  await page.waitForURL(/#entry-1$/);
  assert.equal(await page.title(), "Guestbook");
  assert.equal(await page.locator("article").count(), 1);
  await page.getByText("<script>document.title").waitFor();
  await page.reload();
  assert.equal(await page.locator("article").count(), 1);
  await page.locator("article a").click();
  await page.getByRole("heading", { name: "From Ada" }).waitFor();
  assert.match(page.url(), /\/entries\/1$/);
});

test("what is wrong is said, and what was written is not lost", async () => {
  const page = await browser.open(`${server.url}/guestbook/`);
  await write(page, "Grace", "   ");
  await page.getByRole("alert").getByText("Please write something.").waitFor();
  assert.equal(await page.getByLabel("Your name").inputValue(), "Grace");
  await shoot(page, "guestbook-fault");
});

test("older entries are on pages of their own", async () => {
  const page = await browser.open(`${server.url}/guestbook/`, sizes.phone);
  for (let i = 0; i < 12; ++i) await write(page, "Linus", `Entry ${i} ${"word ".repeat(i * 4)}`);
  await shoot(page, "guestbook-phone");
  assert.equal(await page.locator("article").count(), 10);
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByRole("heading", { name: "Older entries" }).waitFor();
  assert.equal(await page.locator("article").count(), 3);
  assert.equal(await page.getByRole("link", { name: "Older" }).count(), 0);
  await page.getByRole("link", { name: "Newest" }).click();
  await page.getByRole("heading", { name: "Leave a word" }).waitFor();
});

test("pages that are not there look like the others", async () => {
  const page = await browser.open(`${server.url}/guestbook/entries/4711`, sizes.night);
  await page.getByText("There is no such entry.").waitFor();
  await shoot(page, "guestbook-error");
  const answer = await page.goto(`${server.url}/guestbook/nowhere`);
  assert.equal(answer.status(), 404);
  await page.getByRole("link", { name: "Back to the book" }).click();
  await page.getByRole("heading", { name: "Leave a word" }).waitFor();
  await shoot(page, "guestbook-night");
});
