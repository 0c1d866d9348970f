"""The description of the interface against the program itself: `run.py PROGRAM`.

Schemathesis makes requests of the description, right ones and wrong ones, and holds every answer against it: a status or a
content type that it does not name, a body of another shape, wrong data that is taken, any 5xx. A fresh program in a temporary
folder is asked three times: as an administrator, as an administrator's key, and as nobody. Ends with 1 when any of them finds
something, and says then what the program logged.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
PASSWORD = "seis gatos sin tejado"
# What is of a person's own account: a key has none.
OWN = ["/api/v1/users/me", "/api/v1/users/me/export", "/api/v1/api-keys", "/api/v1/api-keys/{key}", "/api/usuario/actual/"]
# The longest that one of the three may take, in seconds.
PATIENCE = 600


def note(text):
    print(f"openapi: {text}", file=sys.stderr, flush=True)


class Program:
    """`vigia` in a folder of its own, with nothing of the surroundings' settings."""

    def __init__(self, program, folder):
        self.program = program
        self.folder = folder
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("VIGIA_")}
        self.environment |= {
            "VIGIA_DATA__DIR": os.path.join(folder, "data"),
            "VIGIA_HTTP__LISTEN": "127.0.0.1:0",
            "VIGIA_MQTT__LISTEN": "127.0.0.1:0",
            "VIGIA_HTTP__SECURITY_CONTACT": "mailto:security@example.org",
            "VIGIA_ACCOUNTS__REGISTRATION": "open",
            # So many that what stands behind the limit is reached; that there is one, other tests show.
            "VIGIA_SIGN_IN__TRIES": "10000",
            "VIGIA_SIGN_IN__TRIES_PER_ADDRESS": "10000",
            "VIGIA_SIGN_IN__LINKS": "10000",
            "VIGIA_SIGN_IN__LINKS_PER_ADDRESS": "10000",
            "VIGIA_LIMITS__PER_KEY": "100000",
            "VIGIA_LIMITS__PER_ADDRESS": "100000",
        }
        self.child = None
        self.said = []
        self.base = None
        self.listens = threading.Event()

    def verb(self, *arguments, line=""):
        command = [self.program, *arguments]
        done = subprocess.run(command, env=self.environment, cwd=self.folder, input=line, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"openapi: vigia {' '.join(arguments)}: {done.stderr}")
        return done.stdout.strip()

    def start(self):
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
        self.child = subprocess.Popen([self.program, "serve"], env=self.environment, cwd=self.folder, text=True, **pipes)
        threading.Thread(target=self.hear, daemon=True).start()
        if not self.listens.wait(30) or self.base is None:
            raise SystemExit("openapi: it did not start: " + "".join(self.said))
        return self.base

    def hear(self):
        for line in self.child.stderr:
            self.said.append(line)
            if found := re.search(r"listens on (http://\S+)", line):
                self.base = found[1]
                self.listens.set()
        self.listens.set()

    def end(self):
        self.child.terminate()
        return self.child.wait(30)


def call(method, address, body=None, headers=None):
    """An answer's status and what it says."""
    headers = {"content-type": "application/json"} | (headers or {})
    body = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(address, body, headers, method=method), timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def expect(wanted, found):
    if found[0] != wanted:
        raise SystemExit(f"openapi: {wanted} was expected, and not {found}")
    return found[1]


def schemathesis(document, base, name, *arguments):
    """Whether it found nothing."""
    note(f"as {name}")
    # By the interpreter: the script's own first line may name another place than that where it stands now.
    command = [sys.executable, os.path.join(os.path.dirname(sys.executable), "schemathesis")]
    command += ["--config-file", os.path.join(HERE, "schemathesis.toml"), "run", document, "--url", base, *arguments]
    with tempfile.TemporaryDirectory() as folder:  # it keeps things where it runs
        try:
            return subprocess.run(command, cwd=folder, timeout=PATIENCE).returncode == 0
        except subprocess.TimeoutExpired:
            note(f"it took longer than {PATIENCE} s")
            return False


def rounds(program, base, document):
    """The three of them, with something there of what their paths name: device m1 with its command c1, account 2, key 1."""
    program.verb("user", "add", "ana@example.org", "--role", "admin", "--password-stdin", line=PASSWORD)
    program.verb("user", "add", "eva@example.org", "--role", "customer", "--password-stdin", line=PASSWORD)
    program.verb("device", "add", "m1", "--kind", "energy_meter", "--owner", "eva@example.org")
    program.verb("api-key", "add", "to be ended", "--scope", "telemetry:read")

    tokens = expect(200, call("POST", f"{base}/api/v1/auth/login", {"user_email": "ana@example.org", "user_password": PASSWORD}))
    person = {"Authorization": f"Bearer {tokens['access_token']}"}
    command = {"id": "c1", "name": "switch.set", "params": {"on": True}}
    expect(202, call("POST", f"{base}/api/v1/devices/m1/commands", command, person))
    expect(202, call("POST", f"{base}/api/v1/devices/m1/telemetry", {"power_w": 512.3, "voltage_v": 127.1}, person))

    own = [part for path in OWN for part in ("--include-path", path)]
    yield schemathesis(document, base, "an administrator", "--header", f"Authorization: {person['Authorization']}", *own)
    expect(200, call("GET", f"{base}/api/v1/users/me", headers=person))  # they were themselves until the end

    # Made now: the round before may end every key there is.
    key = {"X-API-Key": program.verb("api-key", "add", "schemathesis", "--scope", "admin")}
    others = [part for path in OWN for part in ("--exclude-path", path)]
    yield schemathesis(document, base, "an administrator's key", "--header", f"X-API-Key: {key['X-API-Key']}", *others)
    expect(200, call("GET", f"{base}/api/v1/devices", headers=key))

    yield schemathesis(document, base, "nobody")


def main(program, document=None):
    with tempfile.TemporaryDirectory(prefix="vigia-openapi-") as folder:
        program = Program(os.path.abspath(program), folder)
        try:
            base = program.start()
            found_nothing = list(rounds(program, base, document or f"{base}/api/v1/openapi.json"))
        finally:
            ended = program.end()
    if all(found_nothing) and ended == 0:
        return 0
    note(f"the program ended with {ended}; it said:\n{''.join(program.said)}")
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
