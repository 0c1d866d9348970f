"""What must not be said (MQTT 5, 4.13 and the rules it refers to), by bytes that no library sends; and who says nothing at all."""

import socket
import time

from house import HOST, PORT, Client, Raw, connect_packet, packet, publish_packet, run, text


def still_well():
    client = Client("well", device="m2")
    client.publish("m2/a", b"x")
    client.leave()


def answer(first):
    """The code of the CONNACK; None when it was only closed."""
    raw = Raw(first)
    got = raw.packet()
    if got is None:
        return None
    assert got[0] == 0x20 and raw.packet() is None, got
    return got[1][1]


def test_what_is_no_connect():
    for first in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", publish_packet("m1/a", b"x"), b"\xc0\0", b"\x10\0", packet(0x10, text("MQTX") + b"\x04\xc2\0\x3c"), b"\x10\xff\xff\xff\xff\x7f"):
        assert answer(first) is None, first
    still_well()


def test_a_connect_that_is_wrong_is_answered_where_the_standard_has_an_answer():
    cases = [
        (connect_packet(level=6), 0x84),
        (connect_packet(version=4, level=2), 1),
        (connect_packet(flags=0xC3), 0x81),
        (connect_packet(version=4, flags=0xC3), None),
        (connect_packet(flags=0xDA), 0x81),
        (connect_packet(version=4, flags=0x42), None),
        (connect_packet(props=b"\x15\0\1x"), 0x8C),
        (connect_packet(props=b"\x21\0\0"), 0x82),
        (connect_packet(props=b"\x21\0\1\x21\0\1"), 0x82),
        (connect_packet(props=b"\x01\0"), 0x82),
        (connect_packet(name=b"\xff\xfe"), 0x81),
        (connect_packet(version=4, name="", flags=0xC0), 2),
        (connect_packet(name="x" * 300), 0x85),
        (connect_packet(version=4, name="x" * 300), 2),
        (connect_packet(device="m1/x"), 0x86),
        (connect_packet(version=4, flags=0x02), None),
    ]
    for first, code in cases:
        assert answer(first) == code, (first, code)
    old = Raw(connect_packet(version=4, level=3, protocol="MQIsdp"))
    assert old.packet() == (0x20, b"\0\0"), "version 3.1"
    old.send(b"\xe0\0")
    still_well()


def test_what_breaks_the_rules_ends_the_connection_with_its_reason():
    cases = [
        (connect_packet(), 0x82, "a second CONNECT"),
        (b"\x36" + publish_packet("m1/a", b"x")[1:], 0x81, "quality 3"),
        (publish_packet("m1/a", b"x", id=0), 0x82, "packet id 0"),
        (publish_packet("m1/+", b"x"), 0x90, "a wildcard"),
        (publish_packet("m1/\0", b"x"), 0x81, "the character 0"),
        (publish_packet(b"m1/\xff", b"x"), 0x81, "no UTF-8"),
        (publish_packet("m1/a", b"x", props=b"\x0b\x01"), 0x82, "a subscription id"),
        (publish_packet("m1/a", b"x", props=b"\x7f\x01"), 0x82, "an unknown property"),
        (b"\x82\x03\0\1\0", 0x82, "no filter"),
        (b"\x80\x07\0\1\0\0\1a\1", 0x81, "the flags of a SUBSCRIBE"),
        (packet(0x82, b"\0\1\0" + text("m1/a") + b"\x33"), 0x81, "quality 3 of a subscription"),
        (packet(0x82, b"\0\1\0" + text("m1/a") + b"\x31"), 0x82, "retain handling 3"),
        (packet(0x82, b"\0\1\0" + text("m1/a") + b"\xc1"), 0x81, "reserved bits"),
        (packet(0x82, b"\0\1\0" + text("$share/g/m1/a") + b"\x05"), 0x82, "no local in a group"),
        (packet(0xF0, b""), 0x82, "AUTH without a method"),
        (packet(0x20, b"\0\0\0"), 0x82, "a CONNACK"),
        (packet(0x90, b"\0\1\0\0"), 0x82, "a SUBACK"),
        (b"\xc0\1\0", 0x81, "a ping with a body"),
        (b"\x00\0", 0x81, "packet type 0"),
        (b"\x40\1\0", 0x81, "a PUBACK that is too short"),
    ]
    for bytes_, reason, what in cases:
        raw = Raw.device()
        raw.send(bytes_)
        last = raw.packet()
        assert last and last[0] == 0xE0 and last[1][0] == reason, (what, last)
        assert raw.packet() is None, what
        old = Raw.device(version=4)
        if reason == 0x81 and what not in ("reserved bits", "quality 3 of a subscription"):
            old.send(bytes_)
            assert old.packet() is None, what
        else:
            old.send(b"\xe0\0")
    still_well()


def test_a_topic_of_another_is_refused_and_said():
    raw = Raw.device()
    raw.send(publish_packet("m2/a", b"x", qos=1))
    assert raw.packet() == (0x40, b"\0\1\x87")
    raw.send(publish_packet("m2/a", b"x", qos=2, id=2))
    assert raw.packet() == (0x50, b"\0\2\x87")
    raw.send(publish_packet("m2/a", b"x", qos=0))
    raw.closed(0x87)


def test_an_answer_to_nothing_harms_nobody():
    raw = Raw.device()
    raw.send(b"\x40\2\0\7\x70\2\0\7\x50\2\0\7")
    assert raw.packet() == (0x62, b"\0\7\x92")
    raw.send(b"\x62\2\0\7")
    assert raw.packet() == (0x70, b"\0\7\x92")
    raw.send(b"\xe0\0")


def test_thousands_who_connect_and_say_nothing_keep_nobody_out():
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    many = min(2_500, min(hard, 8192) - 100)
    silent = []
    for n in range(many):
        silent.append(socket.create_connection((HOST, PORT), 5))
        # Every third begins a CONNECT and never ends it.
        if n % 3 == 0:
            silent[-1].sendall(connect_packet()[:9])
    started = time.monotonic()
    # By hand: the library cannot count above 1,024 open files.
    raw = Raw.device(device="m2")
    raw.send(publish_packet("m2/a", b"x"))
    assert raw.packet() == (0x40, b"\0\1")
    assert time.monotonic() - started < 3
    for one in silent:
        one.close()
    still_well()


run(globals())
