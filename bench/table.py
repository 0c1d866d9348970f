"""Makes the table of docs/performance.md from the lines of JSON that the benches print: `table.py FILE...`, or from stdin."""

import fileinput
import json

SHOWN = [
    ("what", lambda l: f"{l['bench']}{' ' + l['peer'] if 'peer' in l else ''}, {l['connections']} connections"
     + (f" x {l['in_flight']}" if "in_flight" in l else "") + (f", {l['stalled']} do not read" if l.get("stalled") else "")),
    ("messages/s", lambda l: l["messages_per_s"]),
    ("p50 ms", lambda l: l["p50_ms"]),
    ("p99 ms", lambda l: l["p99_ms"]),
    ("MB", lambda l: round(l["rss_mb"])),
    ("fsync ms", lambda l: l["fsync_ms"]),
    ("beside it", lambda l: ", ".join(f"{name} {l[name]}" for name in BESIDE if name in l)),
]
BESIDE = [
    "without_store_messages_per_s", "broker_only_messages_per_s", "bytes_per_value", "backlog_readings", "backlog_s", "p99_alone_ms", "heard", "missing", "lost", "max_ms",
    "offered_per_s", "saturated",
]


def cell(read, line):
    try:
        return str(read(line))
    except KeyError:
        return ""


print("| " + " | ".join(name for name, _ in SHOWN) + " |")
print("|" + "---|" * len(SHOWN))
for text in fileinput.input(encoding="utf-8"):
    if text.startswith("{") and "connections" in (line := json.loads(text)):
        print("| " + " | ".join(cell(read, line) for _, read in SHOWN) + " |")
