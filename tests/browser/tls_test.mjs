// Pages and their sockets over TLS: by HTTP/1.1, by HTTP/2, and who comes without is sent there.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Browser } from "./browser.mjs";
import { freePort, Server } from "./server.mjs";

// The chat, which nobody reaches without TLS.
const confidential = `<Application>
  <Parameter name="secret" value="a secret of the tests, long enough to be one"/>
  <Library name="chat" file="lib/chat.so"/>
  <Endpoint name="token" library="chat" path="/token"/>
  <WebSocket name="chat" library="chat" path="/ws/{room}">
    <Interceptor type="token" library="chat"/>
  </WebSocket>
  <SecurityConstraint path="/*" transportGuarantee="CONFIDENTIAL"/>
</Application>
`;

let folder; // of the certificate
let server;
let browser;
let http1;
let http2;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "margay-tls-"));
  const [certificate, key] = [join(folder, "localhost.pem"), join(folder, "localhost.key")];
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
    "-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "30",
    "-keyout", key, "-out", certificate], { stdio: "pipe" });
  [http1, http2] = [await freePort(), await freePort()];
  const secure = (port, upgrade) => `<Connector port="${port}" address="127.0.0.1" SSLEnabled="true">
      ${upgrade}<SSLHostConfig>
        <Certificate certificateFile="${certificate}" certificateKeyFile="${key}"/>
      </SSLHostConfig>
    </Connector>`;
  server = await Server.start(["chat", "echo", "hello", "status"], { chat: confidential }, `
    ${secure(http1, "")}
    ${secure(http2, '<UpgradeProtocol className="http2"/>')}
    <Connector port="\${port}" address="127.0.0.1" redirectPort="${http2}"/>`);
  // Of all certificates that nobody has signed, this one is good.
  const { publicKey } = new X509Certificate(await readFile(certificate));
  const hash = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
  browser = await Browser.launch([
    `--ignore-certificate-errors-spki-list=${hash.digest("base64")}`,
  ]);
});
after(async () => {
  await browser?.close();
  await server?.end();
  if (folder) await rm(folder, { recursive: true, force: true });
});

// What the server says of itself.
const status = async () => (await fetch(`${server.url}/status/`)).json();
async function connector(port) {
  return (await status()).connectors.find((one) => one.title.endsWith(`:${port}`));
}
async function openSockets() {
  return (await status()).webSockets.open;
}

// A person in a room of the chat, and the addresses of the sockets that the page has made.
async function enter(name, url) {
  const page = await browser.open("about:blank");
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.goto(url);
  await page.fill("#name", name);
  await page.click("#entry button");
  await page.waitForSelector('#connection[data-state="open"]');
  return { page, sockets };
}

const protocolOf = (page) =>
  page.evaluate(() => performance.getEntriesByType("navigation")[0].nextHopProtocol);

// Opens a socket of the page that says everything again.
const openEcho = (page) => page.evaluate(() => new Promise((done, failed) => {
  globalThis.echo = new WebSocket("/echo/");
  globalThis.echo.onopen = () => done(globalThis.echo.url);
  globalThis.echo.onclose = (event) => failed(new Error(`closed with ${event.code}`));
}));
const askEcho = (page, size) => page.evaluate((size) => new Promise((done) => {
  const said = "0123456789".repeat(size / 10);
  globalThis.echo.onmessage = ({ data }) => done(data === said);
  globalThis.echo.send(said);
}), size);

test("people talk over TLS", async () => {
  const url = `https://localhost:${http1}/chat/#secure`;
  const ann = await enter("ann", url);
  const bob = await enter("bob", url);
  assert.equal(await protocolOf(ann.page), "http/1.1");
  await ann.page.fill("#text", "nobody hears us");
  await ann.page.press("#text", "Enter");
  await bob.page.locator(".message", { hasText: "nobody hears us" }).first().waitFor();
  for (const { sockets } of [ann, bob]) {
    assert.equal(sockets.length, 1);
    assert.ok(sockets[0].startsWith(`wss://localhost:${http1}/chat/ws/secure?token=`), sockets[0]);
  }
});

test("who comes without TLS is sent to where it is", async () => {
  const { page, sockets } = await enter("eve", `${server.url}/chat/#found`);
  assert.equal(page.url(), `https://localhost:${http2}/chat/#found`);
  assert.equal(await protocolOf(page), "h2");
  assert.ok(sockets[0].startsWith(`wss://localhost:${http2}/chat/ws/found?token=`), sockets[0]);
});

test("two hundred requests at once share one connection of HTTP/2", async () => {
  const page = await browser.open(`https://localhost:${http2}/hello/`);
  const { accepted, requests } = await connector(http2);
  const { texts, protocols } = await page.evaluate(async () => {
    performance.setResourceTimingBufferSize(1000);
    const texts = await Promise.all(Array.from({ length: 200 }, async (_, i) =>
      (await fetch(`/hello/?name=${i}`, { cache: "no-store" })).text()));
    const protocols = performance.getEntriesByType("resource")
      .filter((one) => one.name.includes("?name="))  // the browser asks for an icon, too
      .map((one) => one.nextHopProtocol);
    return { texts, protocols };
  });
  assert.deepEqual(texts, Array.from({ length: 200 }, (_, i) => `hello, ${i}\n`));
  assert.deepEqual(protocols, Array(200).fill("h2"));
  const behind = await connector(http2);
  assert.equal(behind.accepted, accepted);
  assert.ok(behind.requests >= requests + 200);
});

// What tells them apart is that a socket of HTTP/1.1 needs a connection of its own.
test("a socket takes a connection of HTTP/1.1, and a stream of HTTP/2", async () => {
  for (const [port, protocol] of [[http1, "http/1.1"], [http2, "h2"]]) {
    const page = await browser.open(`https://localhost:${port}/hello/`);
    assert.equal(await protocolOf(page), protocol);
    const sockets = await openSockets();
    const { accepted } = await connector(port);
    assert.equal(await openEcho(page), `wss://localhost:${port}/echo/`);
    for (const size of [10, 60_000]) assert.ok(await askEcho(page, size), `${size} bytes`);
    assert.equal(await openSockets(), sockets + 1);
    const more = (await connector(port)).accepted - accepted;
    assert.ok(protocol === "h2" ? more === 0 : more > 0, `${more} connections by ${protocol}`);
    const code = await page.evaluate(() => new Promise((done) => {
      globalThis.echo.onclose = (event) => done(event.code);
      globalThis.echo.close(1000);
    }));
    assert.equal(code, 1000);
  }
});
