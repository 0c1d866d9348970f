"""Retained messages (MQTT 3.1.1 and 5, 3.3.1.3; subscription options of 5, 3.8.3.1)."""

import time

from house import VERSIONS, Client, run


def clear(*topics):
    client = Client("clear")
    for topic in topics:
        client.publish(topic, b"", retain=True)
    client.leave()


def test_the_last_one_is_kept_replaced_and_cleared():
    for version in VERSIONS:
        sender = Client("sender", version=version)
        for payload in (b"1", b"2"):
            sender.publish("m1/state", payload, retain=True)
        sender.publish("m1/state", b"passing")
        sender.leave()
        reader = Client("reader", version=version)
        assert reader.subscribe("m1/+", 1) == 1
        message = reader.next()
        assert (message.payload, message.retain, message.qos) == (b"2", True, 1)
        reader.quiet()
        again = Client("again", version=version)
        again.publish("m1/state", b"", retain=True)
        message = reader.next()
        assert (message.payload, message.retain) == (b"", False), "who listens hears it as every other"
        later = Client("later", version=version)
        later.subscribe("m1/#", 1)
        later.quiet()
        for client in (reader, again, later):
            client.leave()


def test_to_who_listens_already_it_is_not_retained():
    for version in VERSIONS:
        reader, sender = Client("reader", version=version), Client("sender", version=version)
        reader.subscribe("m1/state", 0)
        sender.publish("m1/state", b"1", retain=True)
        message = reader.next()
        assert (message.retain, message.qos) == (False, 0), "and not better than was asked for"
        reader.subscribe("m1/state", 0)
        assert reader.next().retain, "a subscription again brings it again"
        clear("m1/state")
        reader.leave(), sender.leave()


def test_retain_handling_and_retain_as_published():
    sender = Client("sender")
    sender.publish("m1/state", b"1", retain=True)
    reader = Client("reader")
    reader.subscribe("m1/state", retainHandling=2)
    reader.quiet()
    reader.subscribe("m1/state", retainHandling=1)
    reader.quiet()
    reader.unsubscribe("m1/state")
    reader.subscribe("m1/state", retainHandling=1)
    assert reader.next().retain
    reader.subscribe("m1/state", retainHandling=0, retainAsPublished=True)
    assert reader.next().retain
    sender.publish("m1/state", b"2", retain=True)
    sender.publish("m1/state", b"3")
    assert [(m.payload, m.retain) for m in (reader.next(), reader.next())] == [(b"2", True), (b"3", False)]
    clear("m1/state")
    reader.leave(), sender.leave()


def test_a_retained_message_ends_at_its_time():
    sender, reader = Client("sender"), Client("reader")
    sender.publish("m1/short", b"1", retain=True, MessageExpiryInterval=1)
    sender.publish("m1/long", b"1", retain=True, MessageExpiryInterval=100)
    time.sleep(1.2)
    reader.subscribe("m1/+")
    message = reader.next()
    assert message.topic == "m1/long" and 90 < message.properties.MessageExpiryInterval < 100
    reader.quiet()
    clear("m1/short", "m1/long")
    reader.leave(), sender.leave()


run(globals())
