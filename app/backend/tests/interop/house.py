"""What the cases stand on: clients of the devices m1 and m2 (paho-mqtt), and bytes by hand where a library would not send them.

The broker's address is the last argument of the program. A device may use `<id>/...` and the upward topics of `vigia/<id>/...`.
"""

import queue
import socket
import struct
import sys
import time

from paho.mqtt import client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

HOST, PORT = "127.0.0.1", int(sys.argv[-1])
PATIENCE = 5.0
QUIET = 0.25
VERSIONS = (4, 5)


def properties(kind, **values):
    made = Properties(kind)
    for name, value in values.items():
        setattr(made, name, value)
    return made


class Client:
    """A client that keeps what it hears."""

    def __init__(self, name, device="m1", version=5, clean=True, expiry=None, will=None, keepalive=60, manual=False, refused=False, **connect):
        self.version = version
        self.heard, self.events = queue.Queue(), queue.Queue()
        protocol = paho.MQTTv5 if version == 5 else paho.MQTTv311
        session = {} if version == 5 else {"clean_session": clean}
        self.paho = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name, protocol=protocol, manual_ack=manual, reconnect_on_failure=False, **session)
        self.paho.username_pw_set(device, f"t-{device}")
        self.paho.on_message = lambda _c, _u, message: self.heard.put(message)
        self.paho.on_connect = lambda _c, _u, flags, reason, props: self.events.put(("connect", flags, reason, props))
        self.paho.on_disconnect = lambda _c, _u, _f, reason, _p: self.events.put(("disconnect", reason))
        self.paho.on_subscribe = lambda _c, _u, _m, codes, _p: self.events.put(("subscribe", codes))
        self.paho.on_unsubscribe = lambda _c, _u, _m, codes, _p: self.events.put(("unsubscribe", codes))
        if will:
            self.paho.will_set(**will)
        more = {}
        if version == 5:
            if expiry is not None:
                connect["SessionExpiryInterval"] = expiry
            more = {"clean_start": clean, "properties": properties(PacketTypes.CONNECT, **connect)}
        self.paho.connect(HOST, PORT, keepalive, **more)
        self.paho.loop_start()
        _, flags, self.reason, self.properties = self.event("connect")
        self.present = flags.session_present
        assert self.reason.is_failure == refused, self.reason

    def event(self, kind):
        end = time.monotonic() + PATIENCE
        while True:
            event = self.events.get(timeout=max(0.01, end - time.monotonic()))
            if event[0] == kind:
                return event

    def subscribe(self, topic, qos=1, id=None, **options):
        """The code of the answer."""
        if self.version == 5:
            props = properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=id) if id else None
            self.paho.subscribe(topic, options=SubscribeOptions(qos=qos, **options), properties=props)
        else:
            self.paho.subscribe(topic, qos)
        return self.event("subscribe")[1][0].value

    def unsubscribe(self, topic):
        self.paho.unsubscribe(topic)
        codes = self.event("unsubscribe")[1]
        return codes[0].value if self.version == 5 else None

    def publish(self, topic, payload, qos=1, retain=False, wait=True, **props):
        made = properties(PacketTypes.PUBLISH, **props) if self.version == 5 else None
        info = self.paho.publish(topic, payload, qos, retain, made)
        if wait:
            info.wait_for_publish(PATIENCE)
            assert info.is_published(), "acknowledged"
        return info

    def next(self):
        return self.heard.get(timeout=PATIENCE)

    def payloads(self, count):
        return [self.next().payload.decode() for _ in range(count)]

    def quiet(self, seconds=QUIET):
        try:
            message = self.heard.get(timeout=seconds)
        except queue.Empty:
            return
        raise AssertionError(f"nothing more was to come: {message.topic} {message.payload[:80]}")

    def leave(self, **props):
        """Says good-bye."""
        reason = props.pop("reason", None)
        if self.version == 5 and (props or reason):
            from paho.mqtt.reasoncodes import ReasonCode

            reason = ReasonCode(PacketTypes.DISCONNECT, identifier=reason) if reason else None
            self.paho.disconnect(reason, properties(PacketTypes.DISCONNECT, **props) if props else None)
        else:
            self.paho.disconnect()
        self.event("disconnect")
        self.paho.loop_stop()

    def vanish(self):
        """Is gone without a word."""
        self.paho.socket().shutdown(socket.SHUT_RDWR)
        self.paho.loop_stop()


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(value)) + value


def packet(first, body):
    length, header = len(body), bytes([first])
    while True:
        byte, length = length % 128, length // 128
        header += bytes([byte | (128 if length else 0)])
        if not length:
            return header + body


def connect_packet(name="raw", device="m1", version=5, flags=0xC2, keepalive=60, props=b"", level=None, protocol="MQTT"):
    body = text(protocol) + bytes([level if level is not None else version, flags]) + struct.pack(">H", keepalive)
    if version == 5:
        body += bytes([len(props)]) + props
    return packet(0x10, body + text(name) + text(device) + text(f"t-{device}"))


def publish_packet(topic, payload, version=5, qos=1, id=1, dup=False, retain=False, props=b""):
    body = text(topic) + (struct.pack(">H", id) if qos else b"")
    if version == 5:
        body += bytes([len(props)]) + props
    return packet(0x30 | dup << 3 | qos << 1 | retain, body + payload)


class Raw:
    """A connection of which every byte is ours."""

    def __init__(self, first=None):
        self.socket = socket.create_connection((HOST, PORT), PATIENCE)
        if first:
            self.send(first)

    @classmethod
    def device(cls, version=5, **hello):
        raw = cls(connect_packet(version=version, **hello))
        kind, body = raw.packet()
        assert kind == 0x20 and body[1] == 0, (kind, body)
        raw.present = body[0] == 1
        return raw

    def send(self, data):
        self.socket.sendall(data)

    def exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not more:
                return None
            data += more
        return data

    def packet(self):
        """The first byte and the body; None when it was closed."""
        first = self.exactly(1)
        if first is None:
            return None
        length, shift = 0, 0
        while True:
            byte = self.exactly(1)[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return first[0], self.exactly(length) if length else b""

    def closed(self, reason=None):
        """It is closed now, by a DISCONNECT with this reason where there is one."""
        last = self.packet()
        if reason is None:
            assert last is None, last
            return
        assert last and last[0] == 0xE0 and last[1][0] == reason, last
        assert self.packet() is None

    def quiet(self, seconds=QUIET):
        self.socket.settimeout(seconds)
        try:
            got = self.socket.recv(1)
            raise AssertionError(f"nothing was to come: {got}")
        except TimeoutError:
            self.socket.settimeout(PATIENCE)


def until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "not in time"
        time.sleep(0.02)


def run(cases):
    """Every case of a file, each after the one before; the first that fails ends the program."""
    for case in [case for name, case in sorted(cases.items()) if name.startswith("test_")]:
        case()
        print("ok", case.__name__, flush=True)
