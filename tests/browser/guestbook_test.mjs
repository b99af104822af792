// The sample "guestbook" as people use it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
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

const password = "correct horse";

const signUp = async (name, size) => {
  const page = await browser.open(`${server.url}/guestbook/register`, size);
  await page.getByLabel("A name for you").fill(name);
  await page.getByLabel("A password").fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  return page;
};

const logIn = async (page, name, its = password) => {
  await page.getByLabel("Your name").fill(name);
  await page.getByLabel("Your password").fill(its);
  await page.getByRole("button", { name: "Log in" }).click();
};

const write = async (page, text) => {
  await page.getByLabel("What you would like to say").fill(text);
  await page.getByRole("button", { name: "Write it down" }).click();
};

test("a visitor reads, signs up, and is who they say from then on", async () => {
  const page = await browser.open(`${server.url}/guestbook/`);
  await page.getByText("Nobody has written anything here yet.").waitFor();
  assert.equal(await page.locator("textarea").count(), 0);
  await shoot(page, "guestbook-visitor");
  await page.getByRole("link", { name: "Sign up", exact: true }).click();
  await shoot(page, "guestbook-sign-up");
  await page.getByLabel("A name for you").fill("Ada");
  await page.getByLabel("A password").fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("button", { name: "Log out" }).waitFor();
  await page.getByText("Ada").waitFor();
  await shoot(page, "guestbook-member");
});

test("an entry is written once, shown as text, and found by its own address", async () => {
  const page = await signUp("Grace");
  await write(page, "<script>document.title = 'taken'</script> & two\nlines");
  await page.waitForURL(/#entry-1$/);
  assert.equal(await page.title(), "Guestbook");
  assert.equal(await page.locator("article").count(), 1);
  await page.getByText("<script>document.title").waitFor();
  await page.reload();
  assert.equal(await page.locator("article").count(), 1);
  await page.locator("article a").click();
  await page.getByRole("heading", { name: "From Grace" }).waitFor();
  assert.match(page.url(), /\/entries\/1$/);
});

test("who wants to write logs in, and comes to where they wanted to go", async () => {
  await signUp("Barbara");
  const page = await browser.open(`${server.url}/guestbook/`);
  await page.getByRole("link", { name: "Log in to write" }).click();
  await page.waitForURL(/\/guestbook\/login$/);
  await shoot(page, "guestbook-log-in");
  await logIn(page, "Barbara", "not the password");
  await page.getByRole("alert").waitFor();
  await shoot(page, "guestbook-log-in-failed");
  await logIn(page, "barbara");
  await page.waitForURL(/\/guestbook\/write$/);
  await write(page, "Here I am.");
  await page.locator("article", { hasText: "Here I am." }).getByText("Barbara").waitFor();
});

test("who logs out reads, and nothing more", async () => {
  const page = await signUp("Hedy");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("link", { name: "Log in", exact: true }).waitFor();
  await page.goto(`${server.url}/guestbook/write`);
  await page.waitForURL(/\/guestbook\/login$/);
  await page.goto(`${server.url}/guestbook/`);
  await page.getByRole("link", { name: "Log in", exact: true }).click();
  await logIn(page, "Hedy");
  await page.waitForURL(/\/guestbook\/write$/);  // that is what still waited
  await page.getByRole("button", { name: "Log out" }).waitFor();
});

test("after five wrong passwords not even the right one lets somebody in", async () => {
  await signUp("Mallory");
  const page = await browser.open(`${server.url}/guestbook/login`);
  for (let i = 0; i < 5; ++i) {
    await logIn(page, "Mallory", `guess number ${i}`);
    await page.getByRole("alert").waitFor();
    await page.goto(`${server.url}/guestbook/login`);
  }
  await logIn(page, "Mallory");
  await page.getByRole("alert").getByText("locked").waitFor();
  assert.equal(await page.getByRole("button", { name: "Log out" }).count(), 0);
});

test("what is wrong is said, and what was written is not lost", async () => {
  const page = await signUp("Ada");
  await page.getByRole("alert").getByText("Somebody has that name already.").waitFor();
  assert.equal(await page.getByLabel("A name for you").inputValue(), "Ada");
  await page.getByLabel("A name for you").fill("Ada Lovelace");
  await page.getByLabel("A password").fill(password);
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.getByRole("alert").getByText("A name has 2 to 30 letters").waitFor();
  const writer = await signUp("Joan");
  await write(writer, "   ");
  await writer.getByRole("alert").getByText("Please write something.").waitFor();
  await shoot(writer, "guestbook-fault");
});

test("older entries are on pages of their own", async () => {
  const page = await signUp("Linus", sizes.phone);
  for (let i = 0; i < 12; ++i) {
    await write(page, `Entry ${i} ${"word ".repeat(i * 4)}`);
    await page.locator("article", { hasText: `Entry ${i} ` }).waitFor();
  }
  await shoot(page, "guestbook-phone");
  assert.equal(await page.locator("article").count(), 10);
  await page.getByRole("link", { name: "Older" }).click();
  await page.getByRole("heading", { name: "Older entries" }).waitFor();
  assert.equal(await page.locator("article").count(), 4);
  assert.equal(await page.getByRole("link", { name: "Older" }).count(), 0);
  await page.getByRole("link", { name: "Newest" }).click();
  await page.getByRole("heading", { name: "Leave a word" }).waitFor();
});

test("pages that are not there look like the others, and so do mistakes of ours", async () => {
  const page = await browser.open(`${server.url}/guestbook/entries/4711`, sizes.night);
  await page.getByText("There is no such entry.").waitFor();
  await shoot(page, "guestbook-error");
  const answer = await page.goto(`${server.url}/guestbook/nowhere`);
  assert.equal(answer.status(), 404);
  await page.getByRole("link", { name: "Back to the book" }).click();
  await page.getByRole("heading", { name: "Leave a word" }).waitFor();
  await shoot(page, "guestbook-night");
  await writeFile(join(server.folder, "apps/guestbook/templates/entry.html"), "{{#entry}} no end");
  const broken = await page.goto(`${server.url}/guestbook/entries/1`);
  assert.equal(broken.status(), 500);
  await page.getByText("Our mistake").waitFor();
  assert.equal(await page.getByText("no end").count(), 0);
  await shoot(page, "guestbook-mistake");
});
