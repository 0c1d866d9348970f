// A `vigia serve` of a test's own: the release binary, a temporary folder, free ports.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";

const binary = path.resolve(import.meta.dirname, "../../target/release/vigia");

export class Server {
  /** Starts a server and waits until it listens. */
  static async start(verb = ["serve"], settings = {}) {
    const server = new Server();
    server.dir = await mkdtemp(path.join(tmpdir(), "vigia-e2e-"));
    server.env = {
      PATH: process.env.PATH,
      VIGIA_DATA__DIR: path.join(server.dir, "data"),
      VIGIA_HTTP__LISTEN: "127.0.0.1:0",
      VIGIA_MQTT__LISTEN: "127.0.0.1:0",
      VIGIA_ACCOUNTS__REGISTRATION: "invitation",
      ...settings,
    };
    server.begin = verb;
    await server.run();
    server.link = await server.printed;
    return server;
  }

  /** Runs the program until it listens. `printed`: its first line, the link to set up, when nobody has an account yet. */
  async run() {
    this.child = spawn(binary, this.begin, { cwd: this.dir, env: this.env, stdio: ["ignore", "pipe", "pipe"] });
    this.log = [];
    const out = createInterface({ input: this.child.stdout });
    this.printed = once(out, "line").then(([line]) => line);
    await new Promise((resolve, reject) => {
      createInterface({ input: this.child.stderr }).on("line", (line) => {
        this.log.push(line);
        const found = line.match(/(http:\/\/\S+) and mqtt:\/\/(\S+):(\d+)/);
        if (!found) return;
        [, this.url, this.mqttHost, this.mqttPort] = found;
        // Where everything is listened to, it is reached on this machine.
        this.url = this.url.replace("//0.0.0.0:", "//127.0.0.1:");
        resolve();
      });
      this.child.once("exit", () => reject(new Error(`the server ended: ${this.log.join("\n")}`)));
    });
  }

  /** Ends the program and leaves its data; whoever speaks to it finds nobody there. */
  async halt() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    await ended;
  }

  /** Begins again after a halt, at the same address. */
  async resume() {
    this.env.VIGIA_HTTP__LISTEN = new URL(this.url).host;
    this.env.VIGIA_MQTT__LISTEN = `${this.mqttHost}:${this.mqttPort}`;
    await this.run();
  }

  /** The newest mail to somebody that has this part, once it is there: others come beside it. A server without a mail server keeps them in a folder. */
  async mail(to, part, tries = 100) {
    const folder = path.join(this.dir, "data", "mail");
    for (let n = 0; n < tries; n++) {
      const names = await readdir(folder).catch(() => []);
      for (const name of names.filter((name) => name.endsWith(".eml")).sort().reverse()) {
        const text = (await readFile(path.join(folder, name), "utf8")).replace(/=\r?\n/g, "");
        if (text.includes(`To: ${to}`) && text.includes(part)) return text;
      }
      await setTimeout(100);
    }
    throw new Error(`no mail to ${to} with ${part}`);
  }

  /** Runs another verb on the same data; what it printed. */
  async verb(...args) {
    const { stdout } = await promisify(execFile)(binary, args, { cwd: this.dir, env: this.env });
    return stdout.trim();
  }

  /** Adds a user with a password. */
  async user(email, role, password, ...more) {
    const child = spawn(binary, ["user", "add", email, "--role", role, "--password-stdin", ...more], { cwd: this.dir, env: this.env });
    child.stdin.end(`${password}\n`);
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`user add ended with ${code}`);
  }

  /** A device's own connection: real mosquitto_pub, one message per line. */
  device(id, token, topic = `vigia/${id}/telemetry`) {
    const args = ["-h", this.mqttHost, "-p", this.mqttPort, "-u", id, "-P", token, "-t", topic, "-q", "1", "-l"];
    const child = spawn("mosquitto_pub", args, { stdio: ["pipe", "inherit", "inherit"] });
    return {
      publish: (values) => child.stdin.write(`${JSON.stringify(values)}\n`),
      // As it is: what no program would write, too.
      line: (text) => child.stdin.write(`${text}\n`),
      end: async () => {
        child.stdin.end();
        await once(child, "exit");
      },
    };
  }

  async stop() {
    const ended = once(this.child, "exit");
    this.child.kill("SIGTERM");
    const [code] = await ended;
    await rm(this.dir, { recursive: true, force: true });
    return code;
  }
}
