// A `vigia serve` of a test's own: the release binary, a temporary folder, free ports.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
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
      ...settings,
    };
    server.child = spawn(binary, verb, { cwd: server.dir, env: server.env, stdio: ["ignore", "pipe", "pipe"] });
    server.log = [];
    const out = createInterface({ input: server.child.stdout });
    const link = once(out, "line").then(([line]) => line);
    await new Promise((resolve, reject) => {
      createInterface({ input: server.child.stderr }).on("line", (line) => {
        server.log.push(line);
        const found = line.match(/(http:\/\/\S+) and mqtt:\/\/(\S+):(\d+)/);
        if (!found) return;
        [, server.url, server.mqttHost, server.mqttPort] = found;
        // Where everything is listened to, it is reached on this machine.
        server.url = server.url.replace("//0.0.0.0:", "//127.0.0.1:");
        resolve();
      });
      server.child.once("exit", () => reject(new Error(`the server ended: ${server.log.join("\n")}`)));
    });
    server.link = await link;
    return server;
  }

  /** Runs another verb on the same data; what it printed. */
  async verb(...args) {
    const { stdout } = await promisify(execFile)(binary, args, { cwd: this.dir, env: this.env });
    return stdout.trim();
  }

  /** Adds a user with a password. */
  async user(email, role, password) {
    const child = spawn(binary, ["user", "add", email, "--role", role, "--password-stdin"], { cwd: this.dir, env: this.env });
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
