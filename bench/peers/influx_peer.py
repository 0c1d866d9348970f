"""paho + InfluxDB 1 over its line protocol, a thousand messages in each request."""

import http.client
import json
import sys

from count import Count, run

BATCH = 1_000

port, influx = int(sys.argv[1]), int(sys.argv[2])
connection = http.client.HTTPConnection("127.0.0.1", influx)
lines = []
count = Count()


def on_message(_client, _data, message):
    body = json.loads(message.payload)
    at_ms = body.pop("ts")
    fields = ",".join(f"{name}={value}" for name, value in body.items())
    lines.append(f"readings,device={message.topic.split('/')[1]} {fields} {at_ms}")
    if len(lines) >= BATCH:
        flush()


def flush():
    connection.request("POST", "/write?db=peer&precision=ms", "\n".join(lines))
    answer = connection.getresponse()
    answer.read()
    if answer.status != 204:
        raise RuntimeError(f"InfluxDB answers {answer.status}")
    count.add(len(lines))
    lines.clear()


run(port, on_message, lambda: None, count)
