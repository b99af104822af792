// The sample "guestbook" as people use it.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser, shoot, sizes } from "./browser.mjs";
import { evening, png } from "./pictures.mjs";
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

const choose = (page, buffer, name = "picture.png") =>
  page.getByLabel("A picture, if you like").setInputFiles({ name, mimeType: "image/png", buffer });

// The picture of an entry, once the browser has read all of it.
const rendered = async (page, hasText) => {
  const picture = page.locator("article", { hasText }).locator("img");
  await picture.scrollIntoViewIfNeeded();
  await picture.evaluate((image) => image.decode());
  return picture.evaluate((image) =>
    ({ width: image.naturalWidth, height: image.naturalHeight, alt: image.alt }));
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

test("a picture comes with an entry, and is seen by everybody", async () => {
  const page = await signUp("Sofia");
  await page.getByLabel("What you would like to say").fill("This is from the lake, yesterday.");
  await choose(page, evening());
  await page.getByLabel("What it shows").fill("The sun goes down behind the hills of a lake");
  await shoot(page, "guestbook-write-picture");
  await page.getByRole("button", { name: "Write it down" }).click();
  const alt = "The sun goes down behind the hills of a lake";
  assert.deepEqual(await rendered(page, "from the lake"), { width: 720, height: 480, alt });
  await shoot(page, "guestbook-picture");
  const phone = await browser.open(`${server.url}/guestbook/`, sizes.phone);
  assert.equal((await rendered(phone, "from the lake")).width, 720);
  await shoot(phone, "guestbook-picture-phone");
  const source = await phone.locator("article img").first().getAttribute("src");
  const answer = await fetch(new URL(source, server.url));
  assert.equal(answer.headers.get("content-type"), "image/png");
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
});

test("a picture that is too large is made smaller, or refused with words", async () => {
  const noise = png(1000, 800);  // 2.4 MB
  const page = await signUp("Vera");
  await page.getByLabel("What you would like to say").fill("Noise, made smaller.");
  await choose(page, noise);
  await page.waitForFunction(() => document.getElementById("picture").files[0]?.type === "image/jpeg");
  await page.getByRole("button", { name: "Write it down" }).click();
  assert.equal((await rendered(page, "made smaller")).width, 1000);
  await choose(page, Buffer.alloc(3_000_000, "no picture"));
  await page.getByRole("alert").getByText("too large, and cannot be made smaller").waitFor();
  // What a browser without scripts sends is refused by the server.
  const plain = await signUp("Tove", { ...sizes.phone, javaScriptEnabled: false });
  await plain.getByLabel("What you would like to say").fill("My words stay.");
  await choose(plain, noise);
  await plain.getByRole("button", { name: "Write it down" }).click();
  await plain.getByRole("alert").getByText("That picture is too large; 2 MB are the most.").waitFor();
  assert.equal(await plain.getByLabel("What you would like to say").inputValue(), "My words stay.");
  await choose(plain, Buffer.from("<svg onload='alert(1)'/>"));
  await plain.getByRole("button", { name: "Write it down" }).click();
  await plain.getByRole("alert").getByText("That is no picture that we can show").waitFor();
  await plain.screenshot({ path: join(process.env.MARGAY_SCREENSHOTS, "guestbook-no-picture.png") });
});

test("a form without its token is refused", async () => {
  const page = await signUp("Trudy");
  await page.locator("form[action$='/write'] input[name=_csrf]").evaluate((field) => field.remove());
  const refused = page.waitForResponse((answer) => answer.request().method() === "POST");
  await write(page, "Without a token");
  assert.equal((await refused).status(), 403);
  await page.getByText("Load the page again").waitFor();
  await shoot(page, "guestbook-refused");
  await page.getByRole("link", { name: "Back to the book" }).click();
  await page.getByRole("heading", { name: "Leave a word" }).waitFor();
  assert.equal(await page.getByText("Without a token").count(), 0);
  // A client of the API hears the same, and what it has to send.
  const answer = await fetch(`${server.url}/guestbook/register`, {
    method: "POST", body: new URLSearchParams({ name: "Robot", password }),
    headers: { Accept: "application/json" },
  });
  assert.equal(answer.status, 403);
  assert.equal(answer.headers.get("x-csrf-token"), "Required");
  assert.equal((await answer.json()).status, 403);
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
  const all = parseInt(await page.getByText(/^\d+ in the book$/).textContent(), 10);
  assert.equal(await page.locator("article").count(), all - 10);  // the tests before have some, too
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
  const machine = await fetch(`${server.url}/guestbook/entries/4711`,
    { headers: { Accept: "application/json" } });
  assert.equal(machine.status, 404);
  assert.equal((await machine.json()).status, 404);
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
