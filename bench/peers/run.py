"""Vigía beside two peers, one after the other, on the same machine and with the same generator: `run.py PROGRAM [SECONDS]`.

Peers get the load through a Mosquitto, which acknowledges by itself: neither is durable at its acknowledgement. They get a
steady load that is above what they can store, and not as much as goes through, so that the generator leaves them the machine.
One JSON line each on stdout, then one with the ratios. Everything is started on free ports and ended again.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
CONNECTIONS = ["--connections", "100", "--in-flight", "16"]
# Messages a second that the peers are offered.
OFFERED = {"sqlalchemy": 3_000, "influxdb": 30_000}
BARS = {"sqlalchemy": 40.0, "influxdb": 2.5}
WHAT = {
    "sqlalchemy": "paho + SQLAlchemy + SQLite, a commit per message",
    "influxdb": "paho + InfluxDB 1.6, batches of 1000",
}

running = []


def say(**line):
    print(json.dumps(line), flush=True)


def note(text):
    print(f"peers: {text}", file=sys.stderr, flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(*command, **more):
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    running.append(child)
    return child


def end(child):
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    running.remove(child)


def wait_for(port, child, what):
    for _ in range(300):
        if child.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"peers: {what} did not start")


def mosquitto(folder):
    port = free_port()
    path = os.path.join(folder, "mosquitto.conf")
    with open(path, "w", encoding="utf-8") as conf:
        # All that waits may wait, and many messages may be under way: its own limits shall not be the peer's.
        conf.write(
            f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n"
            "max_inflight_messages 1000\nmax_queued_messages 200000\n"
        )
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    child = start(program, "-c", path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port, child, "Mosquitto")
    return child, port


def influxd(folder):
    port = free_port()
    path = os.path.join(folder, "influxdb.conf")
    with open(path, "w", encoding="utf-8") as conf:
        conf.write(
            f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
            f'[meta]\ndir = "{folder}/meta"\n[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\nquery-log-enabled = false\n'
            f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n[monitor]\nstore-enabled = false\n[logging]\nlevel = "error"\n'
        )
    child = start("influxd", "-config", path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(port, child, "InfluxDB")
    request = urllib.request.Request(f"http://127.0.0.1:{port}/query?q=CREATE%20DATABASE%20peer", method="POST")
    urllib.request.urlopen(request, timeout=30).read()
    return child, port


def bench(program, *arguments):
    out = subprocess.run([program, "bench", "ingest", *CONNECTIONS, *arguments], stdout=subprocess.PIPE, check=True, text=True).stdout
    return json.loads(out.splitlines()[-1])


def ours(program, seconds):
    note("Vigía")
    line = bench(program, "--seconds", seconds)
    print(json.dumps(line), flush=True)
    return line["messages_per_s"]


def peer(name, program, seconds):
    note(WHAT[name])
    with tempfile.TemporaryDirectory(prefix="vigia-peers-") as folder:
        broker, port = mosquitto(folder)
        if name == "influxdb":
            database, influx = influxd(folder)
            store = [os.path.join(HERE, "influx_peer.py"), str(port), str(influx)]
        else:
            database, store = None, [os.path.join(HERE, "sqlalchemy_peer.py"), str(port), folder]
        child = start(sys.executable, *store, stdout=subprocess.PIPE, text=True)
        if child.stdout.readline().strip() != "ready":
            sys.exit(f"peers: {name} did not start")
        load = bench(program, "--seconds", seconds, "--broker", f"mqtt://127.0.0.1:{port}", "--rate", str(OFFERED[name]))
        child.send_signal(signal.SIGTERM)
        line = child.stdout.readline()
        child.wait(30)
        for process in [child, broker] + ([database] if database else []):
            end(process)
    found = json.loads(line)
    say(
        bench="peer",
        peer=WHAT[name],
        connections=load["connections"],
        offered_per_s=load["messages_per_s"],
        durable=False,
        # It kept up: it could have stored more, had it been offered more.
        saturated=found["messages_per_s"] < 0.95 * load["messages_per_s"],
        **found,
    )
    return found["messages_per_s"]


def main():
    program, seconds = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "10"
    first = ours(program, seconds)
    peers = {name: peer(name, program, seconds) for name in WHAT}
    # Once more at the end: a machine that others use is not the same for all.
    second = ours(program, seconds)
    mean = (first + second) / 2
    ratios = {name: round(mean / rate, 2) if rate else None for name, rate in peers.items()}
    say(bench="ratio", messages_per_s=round(mean), ratios=ratios, bars=BARS, met={name: bool(ratios[name] and ratios[name] >= bar) for name, bar in BARS.items()})


try:
    main()
finally:
    for left in list(running):
        end(left)
