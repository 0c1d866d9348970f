"""How much may come and go: receive maximum (MQTT 5, 4.9), packet size, topic aliases, keep-alive."""

import struct
import time

from house import VERSIONS, Client, Raw, packet, properties, publish_packet, run, text


def subscribe(raw, topic, qos=1):
    raw.send(packet(0x82, b"\0\1\0" + text(topic) + bytes([qos])))
    assert raw.packet()[0] == 0x90


def test_a_client_gets_no_more_than_it_takes_at_once():
    raw = Raw.device(props=b"\x21\0\2")
    subscribe(raw, "m1/a", 2)
    sender = Client("s")
    for n in range(6):
        sender.publish("m1/a", str(n), qos=1 + n % 2)
    sender.publish("m1/a", b"zero", qos=0)
    ids = []
    for n in range(2):
        kind, body = raw.packet()
        ids.append(struct.unpack(">H", body[6:8])[0])
    raw.quiet()
    raw.send(packet(0x40, struct.pack(">H", ids[0])))
    kind, body = raw.packet()
    assert body[-1:] == b"2"
    raw.send(packet(0x50, struct.pack(">H", ids[1])))
    assert raw.packet() == (0x62, struct.pack(">H", ids[1]))
    raw.quiet(0.2)
    raw.send(packet(0x70, struct.pack(">H", ids[1])))
    kind, body = raw.packet()
    assert body[-1:] == b"3", "a message of quality 2 counts until it is complete"
    sender.leave()
    raw.send(b"\xe0\0")


def test_more_than_the_receive_maximum_ends_the_connection():
    raw = Raw.device()
    for n in range(1, 66):
        raw.send(publish_packet("m1/a", b"x", qos=2, id=n))
    for n in range(1, 65):
        assert raw.packet() == (0x50, struct.pack(">H", n))
    raw.closed(0x93)


def test_a_client_of_version_3_may_have_many_under_way():
    raw = Raw.device(version=4)
    for n in range(1, 301):
        raw.send(publish_packet("m1/a", b"x", version=4, qos=2, id=n))
    for n in range(1, 301):
        assert raw.packet() == (0x50, struct.pack(">H", n))
    raw.send(b"\xe0\0")


def test_the_terms_are_said():
    client = Client("t")
    terms = client.properties
    assert (terms.ReceiveMaximum, terms.MaximumPacketSize, terms.TopicAliasMaximum) == (64, 1048576, 32)
    client.leave()


def test_a_packet_larger_than_a_client_takes_is_not_sent_to_it():
    small, sender = Client("small", MaximumPacketSize=100), Client("s")
    small.subscribe("m1/a", 1)
    for size in (10, 200, 20):
        sender.publish("m1/a", b"x" * size)
    assert [len(small.next().payload) for _ in range(2)] == [10, 20]
    small.leave(), sender.leave()


def test_a_packet_larger_than_the_broker_takes_ends_the_connection_at_its_claim():
    for version, reason in ((4, None), (5, 0x95)):
        raw = Raw.device(version)
        raw.send(b"\x32\xff\xff\xff\x7f" + b"x" * 100)
        raw.closed(reason)


def test_large_messages_pass():
    for version in VERSIONS:
        ears, sender = Client("e", version=version), Client("s", version=version)
        ears.subscribe("m1/a", 2)
        for qos in range(3):
            sender.publish("m1/a", bytes([qos]) * 900_000, qos=qos)
            assert ears.next().payload == bytes([qos]) * 900_000
        ears.leave(), sender.leave()


def test_topic_aliases():
    ears = Client("e")
    ears.subscribe("m1/#", 0)
    raw = Raw.device()
    for topic, alias, heard in (("m1/a", 1, "m1/a"), ("", 1, "m1/a"), ("m1/b", 1, "m1/b"), ("", 1, "m1/b"), ("m1/c", 32, "m1/c"), ("", 1, "m1/b")):
        raw.send(publish_packet(topic, b"x", qos=1, props=b"\x23" + struct.pack(">H", alias)))
        assert raw.packet() == (0x40, b"\0\1")
        message = ears.next()
        assert message.topic == heard and not hasattr(message.properties, "TopicAlias")
    raw.send(b"\xe0\0")
    for alias in (0, 33, 2):
        raw = Raw.device()
        raw.send(publish_packet("" if alias == 2 else "m1/a", b"x", props=b"\x23" + struct.pack(">H", alias)))
        raw.closed(0x94)
    raw = Raw.device()
    raw.send(publish_packet("", b"x"))
    raw.closed(0x90)
    ears.leave()


def test_keep_alive():
    for version, reason in ((4, None), (5, 0x8D)):
        raw, pinging, careless = Raw.device(version, name="a", keepalive=1), Raw.device(version, name="b", keepalive=1), Raw.device(version, name="c", keepalive=0)
        started = time.monotonic()
        for _ in range(3):
            time.sleep(0.6)
            pinging.send(b"\xc0\0")
            assert pinging.packet() == (0xD0, b"")
        raw.closed(reason)
        assert 1.4 < time.monotonic() - started < 4
        careless.quiet(0.2)
        pinging.send(b"\xe0\0"), careless.send(b"\xe0\0")


run(globals())
