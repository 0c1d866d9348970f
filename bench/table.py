"""Makes the table of docs/performance.md from the lines of JSON that the benches print: `table.py FILE...`, or from stdin."""

import fileinput
import json

SHOWN = [
    ("what", lambda l: l["bench"] + (" " + l["peer"] if "peer" in l else "") + (f", {l['connections']} connections" if "connections" in l else "")
     + (f" x {l['in_flight']}" if "in_flight" in l else "") + (f", {l['stalled']} do not read" if l.get("stalled") else "")
     + (", " + l["case"] if "case" in l else "") + (f", {l['engine']}, filter: {l['filter']}" if "filter" in l else "")),
    ("messages/s", lambda l: l["messages_per_s"]),
    ("p50 ms", lambda l: l["p50_ms"]),
    ("p95 ms", lambda l: l["p95_ms"]),
    ("p99 ms", lambda l: l["p99_ms"]),
    ("MB", lambda l: round(l["rss_mb"])),
    ("fsync ms", lambda l: l["fsync_ms"]),
    ("beside it", lambda l: ", ".join(f"{name} {l[name]}" for name in BESIDE if name in l)),
]
BESIDE = [
    "without_store_messages_per_s", "broker_only_messages_per_s", "bytes_per_value", "bytes_per_value_with_quarters", "questions", "question_p95_ms", "errors", "rss_mb_early",
    "backlog_readings", "backlog_s", "p99_alone_ms", "heard", "missing", "lost", "max_ms", "first_max_ms",
    "offered_per_s", "saturated",
]


def cell(read, line):
    try:
        return str(read(line))
    except (KeyError, TypeError):
        return ""


print("| " + " | ".join(name for name, _ in SHOWN) + " |")
print("|" + "---|" * len(SHOWN))
for text in fileinput.input(encoding="utf-8"):
    if text.startswith("{") and (line := json.loads(text)).get("part") != "stretch":
        print("| " + " | ".join(cell(read, line) for _, read in SHOWN) + " |")
