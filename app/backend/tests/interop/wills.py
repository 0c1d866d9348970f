"""Last wills (MQTT 3.1.1, 3.1.2.5; MQTT 5, 3.1.2.5 and 3.1.3.2)."""

import time

from house import VERSIONS, Client, PacketTypes, properties, run


def will(delay=None, **more):
    made = {"topic": "m1/status", "payload": b"gone", "qos": 1, **more}
    if delay is not None:
        made["properties"] = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=delay)
    return made


def listener(version=5):
    client = Client("listener", version=version)
    client.subscribe("m1/status", retainHandling=2) if version == 5 else client.subscribe("m1/status")
    return client


def test_it_is_published_when_a_client_is_gone_without_a_word_and_only_then():
    for version in VERSIONS:
        ears = listener(version)
        Client("w", version=version, will=will()).leave()
        ears.quiet()
        Client("w", version=version, will=will()).vanish()
        message = ears.next()
        assert (message.payload, message.qos, message.retain) == (b"gone", 1, False)
        ears.leave()


def test_a_good_bye_counts_also_when_the_client_comes_again_at_once():
    for version in VERSIONS:
        ears = listener(version)
        for n in range(60):
            # Session and will are to end with the good-bye, which the broker may read after the next CONNECT.
            client = Client("quick", version=version, will=will())
            assert not client.present, n
            client.leave()
        ears.quiet()
        ears.leave()


def test_a_retained_will_stays():
    Client("w", will=will(retain=True)).vanish()
    time.sleep(0.2)
    ears = Client("ears")
    ears.subscribe("m1/status")
    assert ears.next().retain
    ears.publish("m1/status", b"", retain=True)
    ears.leave()


def test_a_good_bye_with_reason_4_publishes_it():
    ears = listener()
    Client("w", will=will()).leave(reason=4)
    assert ears.next().payload == b"gone"
    ears.leave()


def test_it_waits_for_its_delay_and_is_not_said_when_the_client_is_back():
    ears = listener()
    Client("w", clean=False, expiry=60, will=will(delay=1)).vanish()
    ears.quiet(0.6)
    assert ears.next().payload == b"gone"
    Client("w", clean=False, expiry=60, will=will(delay=1)).vanish()
    time.sleep(0.2)
    back = Client("w", clean=False, expiry=60)
    assert back.present
    ears.quiet(1.5)
    back.leave(SessionExpiryInterval=0)
    ears.leave()


def test_it_comes_at_the_end_of_the_session_when_that_is_earlier():
    ears = listener()
    Client("w", expiry=1, will=will(delay=60)).vanish()
    assert ears.next().payload == b"gone"
    Client("w", will=will(delay=60)).vanish()
    assert ears.next().payload == b"gone", "a session that ends with its connection"
    ears.leave()


def test_a_foreign_one_is_refused_at_the_door():
    for version, code in ((4, 135), (5, 135)):
        client = Client("w", version=version, will=will(topic="m2/status"), refused=True)
        assert client.reason.value == code, client.reason
        client.paho.loop_stop()


def test_its_properties_are_passed_on():
    made = properties(PacketTypes.WILLMESSAGE, ContentType="text/plain", UserProperty=("a", "b"), MessageExpiryInterval=50)
    ears = listener()
    Client("w", will={**will(), "properties": made}).vanish()
    message = ears.next()
    assert (message.properties.ContentType, message.properties.UserProperty) == ("text/plain", [("a", "b")])
    assert message.properties.MessageExpiryInterval <= 50
    ears.leave()


run(globals())
