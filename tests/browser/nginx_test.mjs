// nginx in front: a socket on which nobody speaks lives by the server's own pings.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RawSocket } from "./raw_socket.mjs";
import { freePort, launch, Server } from "./server.mjs";

// As docs/guide.md says it, but with a timeout that makes the test short.
const configuration = (folder, port, server) => `
daemon off;
pid ${folder}/pid;
error_log stderr notice;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade {
    default upgrade;
    ''      '';
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${server};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_read_timeout 2s;
    }
  }
}
`;

const manifest = `<Application>
  <Library name="echo" file="lib/echo.so"/>
  <WebSocket name="alive" type="echo" library="echo" path="/alive" pingInterval="1s"/>
  <WebSocket name="silent" type="echo" library="echo" path="/silent" pingInterval="0"/>
</Application>
`;

let server;
let nginx;
let folder;
let port;
before(async () => {
  server = await Server.start(["echo"], { echo: manifest });
  folder = await mkdtemp(join(tmpdir(), "margay-nginx-"));
  port = await freePort();
  await writeFile(join(folder, "nginx.conf"), configuration(folder, port, server.port));
  const command = ["nginx", "-p", folder, "-c", join(folder, "nginx.conf"), "-e", "stderr"];
  nginx = (await launch(command, /start worker process \d/)).child;
});
after(async () => {
  nginx?.kill("SIGTERM");
  await nginx?.ended;
  await server?.end();
  if (folder) await rm(folder, { recursive: true, force: true });
});

const [text, ping, pong] = [1, 9, 10];

test("with pings a silent socket lives on behind a proxy that ends silent ones", async () => {
  const socket = await RawSocket.open(port, "/echo/alive");
  assert.match(socket.head, /^HTTP\/1.1 101 /);
  // Five of them are five seconds, more than twice the proxy's patience.
  for (let pings = 0; pings < 5; ++pings) {
    const frame = await socket.next();
    assert.equal(frame?.opcode, ping, `after ${pings} pings`);
    socket.send(pong, frame.payload);
  }
  socket.send(text, "still here");
  let frame = await socket.next();
  while (frame?.opcode === ping) frame = await socket.next();
  assert.equal(frame?.payload.toString(), "still here");
  socket.close();
});

test("without them the proxy ends it, or this test would prove nothing", async () => {
  const socket = await RawSocket.open(port, "/echo/silent");
  assert.match(socket.head, /^HTTP\/1.1 101 /);
  assert.equal(await socket.next(), null);
});
