"""Holds the lines of JSON that the benches print against the bars of docs/performance.md: `check.py FILE...`, or from stdin. Ends with 1 when one is missed."""

import fileinput
import json
import sys

missed = 0


def bar(line, what, is_met):
    global missed
    missed += not is_met
    print(f"{'met   ' if is_met else 'MISSED'}  {line['bench']}: {what}")


def ingest(line):
    if line["connections"] == 1000:
        bar(line, f"p99 {line['p99_ms']} ms at {line['messages_per_s']:.0f}/s, under 8", line["p99_ms"] < 8)
        bar(line, f"{line['rss_mb']:.0f} MB with the generator, under 120", line["rss_mb"] < 120)
        return
    share = line["messages_per_s"] / line["without_store_messages_per_s"]
    bar(line, f"{line['messages_per_s']:.0f} messages/s, at least 30,000 (fsync {line['fsync_ms']} ms)", line["messages_per_s"] >= 30_000)
    bar(line, f"{share:.2f} of the same without a store, at least 0.7", share >= 0.7)


def chart(line):
    case = line["case"]
    if case == "storage, simulated household":
        bar(line, f"{case}: {line['bytes_per_value']} bytes a value, under 1.2", line["bytes_per_value"] < 1.2)
    most = {"month, from readings": 15, "month, from readings, a day of them not sealed": 40, "year, from quarters": 10}.get(case)
    if most:
        bar(line, f"{case}: p95 {line['p95_ms']} ms, under {most}", line["p95_ms"] < most)


def fanout(line):
    bar(line, f"{line['stalled']} do not read: p99 {line['p99_ms']} ms, under 200", line["p99_ms"] < 200)
    bar(line, f"{line['rss_mb']:.0f} MB, under 350", line["rss_mb"] < 350)
    bar(line, f"{line['missing']} missing, {line['lost']} lost", not line["missing"] and not line["lost"])


def devices(line):
    bar(line, f"{line['devices']} devices, filter {line['filter']}: p95 {line['p95_ms']} ms, under 50", line["p95_ms"] < 50)


def backlog(line):
    bar(line, f"the others' p99 {line['p99_ms']} ms, {line['p99_alone_ms']} without it", line["p99_ms"] < 2 * line["p99_alone_ms"] + 10)


def soak(line):
    if line["part"] == "all":
        bar(line, f"{line['errors']} errors in {line['seconds']:.0f} s", not line["errors"])
        grown = line["rss_mb"] - line["rss_mb_early"]
        bar(line, f"{line['rss_mb']:.0f} MB at the end, {line['rss_mb_early']:.0f} after a quarter of it", grown < 0.1 * line["rss_mb_early"])


judges = {judge.__name__: judge for judge in (ingest, chart, devices, fanout, backlog, soak)}
for text in fileinput.input(encoding="utf-8"):
    if text.startswith("{") and (line := json.loads(text))["bench"] in judges and "peer" not in line:
        if not line.get("durable_medium", True):
            bar(line, "measured in memory, which proves nothing of a disk: set TMPDIR to a folder on one", False)
        else:
            judges[line["bench"]](line)
sys.exit(missed > 0)
