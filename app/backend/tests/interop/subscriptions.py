"""Subscriptions and their options (MQTT 3.1.1 and 5, 3.8 to 3.11), shared ones (5, 4.8.2), and what goes with a message (5, 3.3.2.3)."""

import time
from collections import Counter

from house import VERSIONS, Client, Raw, packet, run, text


def test_wildcards_cover_what_the_standard_says():
    for version in VERSIONS:
        sender = Client("s", version=version)
        for filter, heard in (("m1/+", ["m1/a", "m1/"]), ("m1/#", ["m1/a", "m1/a/b", "m1/a//c", "m1/"]), ("m1/+/b", ["m1/a/b"]), ("m1/a/+/c", ["m1/a//c"])):
            ears = Client("e", version=version)
            assert ears.subscribe(filter) == 1
            for topic in ("m1/a", "m1/a/b", "m1/a//c"):
                sender.publish(topic, b"x")
            expected = [topic for topic in heard if topic != "m1/"]
            assert [ears.next().topic for _ in expected] == expected
            ears.quiet(0.1)
            ears.leave()
        sender.leave()


def test_quality_is_the_lower_of_both():
    for version in VERSIONS:
        ears, sender = Client("e", version=version), Client("s", version=version)
        for asked in range(3):
            assert ears.subscribe("m1/a", asked) == asked
            for sent in range(3):
                sender.publish("m1/a", b"x", qos=sent)
                assert ears.next().qos == min(asked, sent)
        ears.leave(), sender.leave()


def test_failures_have_their_codes():
    for version, foreign, bad in ((4, 0x80, 0x80), (5, 0x87, 0x8F)):
        raw = Raw.device(version)
        props = b"\0" if version == 5 else b""
        for filter, code in (("#", foreign), ("m2/a", foreign), ("$share/g/m2/a", foreign), ("m1/a#", bad), ("m1/#/a", bad), ("$share/g", bad), ("m1/" + "a/" * 30, bad)):
            raw.send(packet(0x82, b"\0\5" + props + text("m1/good") + b"\1" + text(filter) + b"\1"))
            assert raw.packet() == (0x90, b"\0\5" + props + bytes([1, code])), filter
        raw.send(b"\xe0\0")
        client = Client("many", version=version)
        codes = [client.subscribe(f"m1/{n}") for n in range(66)]
        assert codes == [1] * 64 + [0x97 if version == 5 else 0x80] * 2
        client.leave()


def test_an_end_of_a_subscription_is_one():
    for version in VERSIONS:
        ears, sender = Client("e", version=version), Client("s", version=version)
        ears.subscribe("m1/a")
        assert ears.unsubscribe("m1/a") in (0, None)
        assert ears.unsubscribe("m1/a") in (0x11, None)
        sender.publish("m1/a", b"x")
        ears.quiet()
        ears.leave(), sender.leave()


def test_subscriptions_that_overlap_bring_a_message_once_with_all_their_numbers():
    ears, sender = Client("e"), Client("s")
    ears.subscribe("m1/#", 0, id=3)
    ears.subscribe("m1/+", 2, id=200_000_000)
    ears.subscribe("m1/b", 1)
    sender.publish("m1/a", b"x", qos=2)
    message = ears.next()
    assert message.qos == 2 and sorted(message.properties.SubscriptionIdentifier) == [3, 200_000_000]
    ears.quiet()
    ears.leave(), sender.leave()


def test_no_local():
    one, two = Client("one"), Client("two")
    one.subscribe("m1/a", noLocal=True)
    two.subscribe("m1/a")
    one.publish("m1/a", b"own")
    two.publish("m1/a", b"other")
    assert one.payloads(1) == ["other"]
    assert two.payloads(2) == ["own", "other"]
    one.quiet()
    one.leave(), two.leave()


def test_what_goes_with_a_message_is_passed_on():
    new, old, sender = Client("n"), Client("o", version=4), Client("s")
    new.subscribe("m1/a"), old.subscribe("m1/a")
    sender.publish("m1/a", b"{}", PayloadFormatIndicator=1, ContentType="application/json", ResponseTopic="m1/answer", CorrelationData=b"\0\1", UserProperty=[("a", "1"), ("a", "2")], MessageExpiryInterval=30)
    got = new.next().properties
    assert (got.PayloadFormatIndicator, got.ContentType, got.ResponseTopic, got.CorrelationData) == (1, "application/json", "m1/answer", b"\0\1")
    assert got.UserProperty == [("a", "1"), ("a", "2")] and 25 <= got.MessageExpiryInterval <= 30
    assert old.next().payload == b"{}"
    new.leave(), old.leave(), sender.leave()


def test_order_is_kept():
    for version in VERSIONS:
        ears, sender = Client("e", version=version), Client("s", version=version)
        ears.subscribe("m1/a", 2)
        for qos in range(3):
            infos = [sender.publish("m1/a", str(n), qos=qos, wait=False) for n in range(300)]
            for info in infos:
                info.wait_for_publish(5)
            assert ears.payloads(300) == [str(n) for n in range(300)]
        ears.leave(), sender.leave()


def test_a_group_shares_its_messages():
    for version in VERSIONS:
        members = [Client(f"g{n}", version=version) for n in range(2)]
        assert [member.subscribe("$share/g/m1/+", 1) for member in members] == [1, 1]
        sender = Client("s", version=version)
        for n in range(40):
            sender.publish("m1/a", str(n))
        time.sleep(0.3)
        shares = [[m.payload.decode() for m in list(member.heard.queue)] for member in members]
        assert Counter(sum(shares, [])) == Counter(str(n) for n in range(40)), "each once"
        assert min(map(len, shares)) >= 10, "and spread"
        for client in (*members, sender):
            client.leave()


def test_a_group_loses_nothing_when_a_member_goes():
    # This one takes its messages and never acknowledges them.
    stuck, good, sender = Client("stuck", manual=True), Client("good"), Client("s")
    for member in (stuck, good):
        member.subscribe("$share/g/m1/a", 1)
    for n in range(20):
        sender.publish("m1/a", str(n))
    stuck.vanish()
    assert sorted(good.payloads(20), key=int) == [str(n) for n in range(20)]
    for n in range(20, 25):
        sender.publish("m1/a", str(n))
    assert good.payloads(5) == [str(n) for n in range(20, 25)]
    good.leave(), sender.leave()


def test_a_group_gets_nothing_that_is_retained():
    sender, member = Client("s"), Client("m")
    sender.publish("m1/kept", b"1", retain=True)
    member.subscribe("$share/g/m1/kept", 1)
    member.quiet()
    sender.publish("m1/kept", b"", retain=True)
    sender.leave(), member.leave()


run(globals())
