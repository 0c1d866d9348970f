#!/usr/bin/env bash
# The benches with the figures that docs/performance.md promises something about: bench/bars.sh PROGRAM
# Every line of JSON goes to stdout and to target/bars.jsonl; `python3 bench/table.py target/bars.jsonl` makes the table of it. Ends with 1 when a
# bar is missed; on a machine that does other work at the same time some are.
set -euo pipefail
program=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$root/target"
lines=$root/target/bars.jsonl
: >"$lines"

bench() { "$program" bench "$@" | tee -a "$lines"; }

# As much as goes through, and the same broker with no store behind it.
bench ingest --connections 100 --in-flight 16 --seconds 10
# What an acknowledgement costs when the machine has room.
bench ingest --connections 1000 --in-flight 1 --rate 5000 --seconds 20
# A device that returns with a backlog, and what the others feel of it.
bench ingest --connections 200 --in-flight 1 --rate 2000 --seconds 10 --backlog 20000
# Five thousand who watch, then a hundred more who do not read.
bench fanout --clients 5000 --stalled 100 --seconds 20
# The list of ten thousand devices, every filter in every order.
bench devices
# A month and a year of one metric, and what a value takes.
bench chart
# Half an hour with sealing, a short retention and readers.
bench soak --seconds "${SOAK_SECONDS:-1800}"

python3 "$root/bench/check.py" "$lines"
