"""What both peers share: a subscription, a count of what is stored, and one line of JSON at the end."""

import json
import signal
import sys
import time

import paho.mqtt.client as mqtt


class Count:
    """How much was stored, between the first and the last time that something was."""

    def __init__(self):
        self.stored = 0
        self.first = None
        self.last = None

    def add(self, messages):
        now = time.monotonic()
        if self.first is None:
            self.first = now
            # The first ones open the span; they took their time before it.
            return
        self.stored += messages
        self.last = now

    def print(self):
        seconds = (self.last or 0) - (self.first or 0)
        rate = self.stored / seconds if seconds > 0 else 0.0
        print(json.dumps({"stored": self.stored, "seconds": round(seconds, 3), "messages_per_s": round(rate, 1)}), flush=True)


def run(port, on_message, at_end, count):
    """Subscribes with QoS 1 until SIGTERM; the library acknowledges when `on_message` returns."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id="peer")
    client.on_message = on_message

    def subscribe(client, *_):
        client.subscribe("vigia/+/telemetry", qos=1)

    def end(*_):
        at_end()
        count.print()
        sys.exit(0)

    client.on_connect = subscribe
    client.on_subscribe = lambda *_: print("ready", flush=True)
    signal.signal(signal.SIGTERM, end)
    client.connect("127.0.0.1", port)
    client.loop_forever()
