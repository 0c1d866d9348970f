"""Sessions (MQTT 3.1.1, 3.1.2.4; MQTT 5, 3.1.2.11.2 and 4.1), what waits for an absent client, and what is sent again (4.4)."""

import struct
import time

from house import VERSIONS, Client, PacketTypes, Raw, publish_packet, run, packet, text


def kept(name, version=5, **more):
    return Client(name, version=version, clean=False, expiry=600, **more)


def end(name, version=5):
    Client(name, version=version, clean=True).leave()


def test_a_clean_session_ends_with_its_connection():
    for version in VERSIONS:
        client = Client("c", version=version)
        client.subscribe("m1/a")
        client.leave()
        again = Client("c", version=version, clean=False)
        assert not again.present
        again.leave()
        end("c", version)


def test_a_session_that_is_kept_has_its_subscriptions_and_what_it_missed_in_order():
    for version in VERSIONS:
        client = kept("k", version)
        assert not client.present
        client.subscribe("m1/a", 2)
        client.leave()
        sender = Client("s", version=version)
        for n in range(60):
            sender.publish("m1/a", str(n), qos=n % 3)
        sender.leave()
        again = kept("k", version)
        assert again.present
        got = [again.next() for _ in range(40)]
        # A client has a message of quality 2 in hand later than it came: each quality has its own order.
        for qos in (1, 2):
            assert [m.payload.decode() for m in got if m.qos == qos] == [str(n) for n in range(60) if n % 3 == qos], "what is owed"
        again.quiet()
        again.leave()
        end("k", version)
        fresh = kept("k", version)
        assert not fresh.present
        fresh.leave()
        end("k", version)


def test_a_session_ends_at_its_time_and_by_a_good_bye():
    Client("e", clean=False, expiry=1).leave()
    time.sleep(1.6)
    client = Client("e", clean=False, expiry=60)
    assert not client.present
    client.leave(SessionExpiryInterval=0)
    client = Client("e", clean=False)
    assert not client.present
    client.leave()


def test_a_good_bye_ends_a_session_also_for_a_client_that_comes_again_at_once():
    for n in range(60):
        client = Client("quick", clean=False, expiry=60)
        assert not client.present, n
        client.leave(SessionExpiryInterval=0)


def test_the_longest_that_a_session_is_kept_is_said():
    client = Client("long", expiry=0xFFFFFFFF)
    assert client.properties.SessionExpiryInterval == 7200
    client.leave(SessionExpiryInterval=0)
    client = Client("short", expiry=60)
    assert not hasattr(client.properties, "SessionExpiryInterval")
    client.leave(SessionExpiryInterval=0)


def test_a_session_that_was_to_end_cannot_be_kept_by_a_good_bye():
    raw = Raw.device()
    raw.send(packet(0xE0, bytes([0, 5, 0x11]) + struct.pack(">I", 10)))
    raw.closed(0x82)


def test_a_client_without_a_name_gets_one():
    one, two = Client(""), Client("")
    names = {client.properties.AssignedClientIdentifier for client in (one, two)}
    assert len(names) == 2 and "" not in names
    one.leave(), two.leave()


def test_who_comes_again_takes_over_and_the_old_one_is_told():
    for version in VERSIONS:
        old = Client("t", version=version)
        new = Client("t", version=version)
        reason = old.event("disconnect")[1]
        assert version == 4 or reason.value == 0x8E, reason
        other = Client("t", device="m2", version=version)
        new.publish("m1/a", b"1")
        new.leave(), other.leave()
        old.paho.loop_stop()


def subscribed(raw, topic, qos, version):
    raw.send(packet(0x82, b"\0\1" + (b"\0" if version == 5 else b"") + text(topic) + bytes([qos])))
    assert raw.packet()[0] == 0x90


def id_of(body):
    at = 2 + struct.unpack(">H", body[:2])[0]
    return struct.unpack(">H", body[at : at + 2])[0]


def test_what_was_not_acknowledged_is_sent_again_and_marked():
    for version in VERSIONS:
        hello = {"name": "r", "flags": 0xC0, "version": version}
        if version == 5:
            hello["props"] = b"\x11\0\0\0\x3c"
        raw = Raw.device(**hello)
        subscribed(raw, "m1/a", 2, version)
        sender = Client("s", version=version)
        sender.publish("m1/a", b"one", qos=1)
        sender.publish("m1/a", b"two", qos=2)
        sender.publish("m1/a", b"three", qos=2)
        first = [raw.packet() for _ in range(3)]
        assert [kind for kind, _ in first] == [0x32, 0x34, 0x34]
        ids = [id_of(body) for _, body in first]
        assert len(set(ids)) == 3
        # The second is received, the third not; the first is never acknowledged.
        raw.send(packet(0x50, struct.pack(">H", ids[1])))
        assert raw.packet() == (0x62, struct.pack(">H", ids[1]))
        raw.socket.close()
        raw = Raw.device(**hello)
        assert raw.present
        again = [raw.packet() for _ in range(3)]
        assert [kind for kind, _ in again] == [0x3A, 0x62, 0x3C], again
        assert [id_of(again[0][1]), struct.unpack(">H", again[1][1])[0], id_of(again[2][1])] == ids
        raw.send(packet(0x40, struct.pack(">H", ids[0])) + packet(0x70, struct.pack(">H", ids[1])) + packet(0x50, struct.pack(">H", ids[2])))
        assert raw.packet() == (0x62, struct.pack(">H", ids[2]))
        raw.send(packet(0x70, struct.pack(">H", ids[2])))
        raw.quiet()
        sender.leave()
        raw.send(b"\xe0\0")
        end("r", version)


def test_a_message_of_quality_2_comes_once_also_over_a_reconnect():
    for version in VERSIONS:
        ears = Client("ears", version=version)
        ears.subscribe("m1/a", 0)
        hello = {"name": "q", "flags": 0xC0, "version": version}
        if version == 5:
            hello["props"] = b"\x11\0\0\0\x3c"
        raw = Raw.device(**hello)
        raw.send(publish_packet("m1/a", b"once", version, qos=2, id=7))
        assert raw.packet() == (0x50, b"\0\7")
        raw.send(publish_packet("m1/a", b"once", version, qos=2, id=7, dup=True))
        assert raw.packet() == (0x50, b"\0\7")
        raw.socket.close()
        raw = Raw.device(**hello)
        assert raw.present
        raw.send(publish_packet("m1/a", b"once", version, qos=2, id=7, dup=True))
        assert raw.packet() == (0x50, b"\0\7")
        raw.send(packet(0x62, b"\0\7"))
        assert raw.packet() == (0x70, b"\0\7")
        assert ears.payloads(1) == ["once"]
        ears.quiet()
        raw.send(publish_packet("m1/a", b"anew", version, qos=2, id=7))
        assert raw.packet() == (0x50, b"\0\7")
        assert ears.payloads(1) == ["anew"], "a released id is free again"
        raw.send(b"\xe0\0")
        ears.leave()
        end("q", version)


def test_what_is_too_old_does_not_wait():
    client = kept("x")
    client.subscribe("m1/a")
    client.leave()
    sender = Client("s")
    sender.publish("m1/a", b"short", MessageExpiryInterval=1)
    sender.publish("m1/a", b"long", MessageExpiryInterval=60)
    time.sleep(1.2)
    again = kept("x")
    message = again.next()
    assert message.payload == b"long" and 50 < message.properties.MessageExpiryInterval < 60
    again.quiet()
    again.leave(), sender.leave()
    end("x")


run(globals())
