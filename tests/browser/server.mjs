// The real server as a child process, with a folder of its own that holds some of the samples.
import { spawn } from "node:child_process";
import { appendFile, cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const configuration = (connectors) => `<Server>
  <Service>
    ${connectors}
    <Engine><Host name="localhost" appBase="apps" autoDeploy="false"/></Engine>
  </Service>
</Server>
`;
const plain = '<Connector port="${port}" address="127.0.0.1"/>';

// A port that was free a moment ago, another one each time. None of those which the system gives to
// whoever asks for any (from 32768 on).
const firstPort = 10_000, portCount = 22_000;
let portsTaken = process.pid * 199;
export async function freePort() {
  for (let tries = 0; tries < portCount; ++tries) {
    const port = firstPort + (portsTaken++ % portCount);
    const listener = createServer();
    const free = await new Promise((tell) => {
      listener.once("error", () => tell(false));
      listener.listen(port, "127.0.0.1", () => tell(true));
    });
    if (!free) continue;
    await new Promise((done) => listener.close(done));
    return port;
  }
  throw new Error("no port is free");
}

// Starts a program and waits until it prints a line that matches; gives the process and the match.
export async function launch([program, ...options], line) {
  const child = spawn(program, options, { stdio: ["ignore", "pipe", "pipe"] });
  child.ended = new Promise((done) => child.once("exit", (code, signal) => done(code ?? signal)));
  const said = [];
  const match = await new Promise((found, failed) => {
    child.once("error", failed);
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on("line", (text) => {
        said.push(text);
        const match = line.exec(text);
        if (match) found(match);
      });
    child.ended.then((code) =>
      failed(new Error(`${program} ended with ${code}\n${said.join("\n")}`)));
  });
  return { child, match, said };
}

export class Server {
  #child = null;

  // `samples` are names of applications in the build folder; `manifests` replaces their app.xml.
  // `connectors`: the last one is plain and has the port `${port}`.
  static async start(samples, manifests = {}, connectors = plain) {
    const server = new Server();
    server.folder = await mkdtemp(join(tmpdir(), "margay-browser-"));
    await mkdir(join(server.folder, "conf"));
    await writeFile(join(server.folder, "conf", "server.xml"), configuration(connectors));
    const apps = join(server.folder, "apps");
    for (const name of samples)
      await cp(join(process.env.MARGAY_APPS, name), join(apps, name), { recursive: true });
    for (const [name, text] of Object.entries(manifests))
      await writeFile(join(apps, name, "app.xml"), text);
    await server.begin();
    return server;
  }

  // On the port that it has had before, if there was one.
  async begin() {
    const command = [process.env.MARGAY, "run", "-c", join(this.folder, "conf", "server.xml")];
    command.push(`-Dport=${this.port ?? 0}`);
    const { child, match, said } = await launch(command, /listening on http:\/\/.*:(\d+)/);
    this.#child = child;
    this.said = said;
    this.port = Number(match[1]);
    this.url = `http://localhost:${this.port}`;
  }

  // Replaces an application while it serves, as a new version of it would.
  async replace(name) {
    await appendFile(join(this.folder, "apps", name, "app.xml"), "<!-- another version -->\n");
    this.#child.kill("SIGHUP");
  }

  // Without a word to anybody.
  async kill() {
    this.#child.kill("SIGKILL");
    await this.#child.ended;
  }

  async end() {
    this.#child.kill("SIGTERM");
    const code = await this.#child.ended;
    await rm(this.folder, { recursive: true, force: true });
    if (code !== 0) throw new Error(`the server ended with ${code}\n${this.said.join("\n")}`);
  }
}
