"""Who gets in at an MQTT broker, and what they may say there (MIM6 R1, R2.1, R3.1; MIM0 R3.1)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...listener import is_this_machine
from ...probe import Probe
from ...verdicts import Failure, NoAnswer, NotTested
from ..declaration import check
from ..security.credentials import DEFAULTS
from .client import PORTS, Connection, Login, Place, connected, login_of, place_of

STANDARD = "MQTT 3.1.1"
QUIET = 0.7  # seconds in which what must not come would have come


def _expect_refused(probe: Probe, login: Login, what: str) -> None:
    place = place_of(probe)
    with connected(probe, place, login) as connection:
        if connection is not None:
            raise Failure(f"{place} takes {what}.", mend="Refuse the CONNECT: ask for a name and a password.")


@check(
    "MQTT.connect.strangers-are-refused",
    requirement=("MIM6-R3.1", "MIM6-R1.1", "MIM4-C12"),
    mechanism="mqtt",
    clause=f"{STANDARD}, 3.2.2.3",
)
def strangers(probe: Probe) -> None:
    """A client without a name is refused."""
    _expect_refused(probe, Login("stranger"), "a client without a name")


@check(
    "MQTT.connect.wrong-password-is-refused",
    requirement="MIM6-R3.1",
    mechanism="mqtt",
    clause=f"{STANDARD}, 3.2.2.3",
)
def wrong_password(probe: Probe) -> None:
    """A device with another password is refused."""
    known = login_of(probe, "device")
    _expect_refused(
        probe, Login("device", known.name, probe.unique("password")), "a device with a wrong password"
    )


@check(
    "MQTT.connect.default-passwords-are-refused",
    requirement="MIM6-R1.2",
    mechanism="mqtt",
    clause="ISO/IEC 27001:2022 A.5.17",
)
def default_passwords(probe: Probe) -> None:
    """None of the names and passwords that brokers are delivered with is taken."""
    for name, word in DEFAULTS:
        _expect_refused(probe, Login("default", name, word), f"{name} with the password {word}")


@check(
    "MQTT.connect.disabled-device-is-refused",
    requirement=("MIM6-R1.1b", "MIM6-R1.3"),
    mechanism="mqtt",
    clause="ISO/IEC 27001:2022 A.5.16",
)
def disabled(probe: Probe) -> None:
    """The credential `disabled-device` lets nobody in any more."""
    _expect_refused(probe, login_of(probe, "disabled-device"), "a device that was disabled")


@check("MQTT.plain.port-is-closed", requirement=("MIM6-R2.1", "MIM4-C12"), mechanism="mqtt",
       clause="ISO/IEC 27001:2022 A.8.24")  # fmt: skip
def plain(probe: Probe) -> None:
    """Without TLS the broker takes nobody: port 1883 (option `plain-port`) is closed."""
    place = place_of(probe)
    if not place.secure and not is_this_machine(place.host):
        raise Failure(f"The broker is at {place}, without TLS.", mend="Listen with TLS, at port 8883.")
    port = probe.option("plain-port", None if is_this_machine(place.host) else PORTS["mqtt"])
    if port is None:
        raise NotTested("The broker is on this machine, where its plain port is not closed to the checker.")
    open_place = Place(place.host, int(port), secure=False)
    known = login_of(probe, "device") if "device" in probe.target.credentials else Login("stranger")
    try:
        with connected(probe, open_place, Login(known.role, known.name, probe.unique("password"))):
            pass
    except NoAnswer as error:
        if "cannot be reached" in error.message:
            return
        raise
    raise Failure(f"{open_place} answers a CONNECT in plain.", mend="Close it, or bind it to loopback.")


@check(
    "MQTT.messages.arrive",
    requirement=("MIM0-R3.1", "MIM0-BP04-subscribe"),
    mechanism="mqtt",
    clause=f"{STANDARD}, 3.3",
    needs={"write"},
)
def arrive(probe: Probe) -> None:
    """What the credential `device` says on its topic reaches the credential `subscriber`."""
    topic = _topic(probe, "topic")
    with _pair(probe) as (device, subscriber):
        _expect_delivery(probe, device, subscriber, topic)


@check(
    "MQTT.topics.of-others-are-refused",
    requirement="MIM6-R3.1",
    mechanism="mqtt",
    clause="ISO/IEC 27001:2022 A.8.5",
    needs={"write"},
)
def no_spoofing(probe: Probe) -> None:
    """A device cannot speak as another one: what it says on that one's topic reaches nobody."""
    topic, foreign = _topic(probe, "topic"), _topic(probe, "foreign-topic")
    with _pair(probe) as (device, subscriber):
        _expect_delivery(probe, device, subscriber, topic)
        subscriber.subscribe(foreign)
        word = probe.unique("spoof")
        device.publish(foreign, word)
        if subscriber.wait(word, QUIET):
            raise Failure(
                f"The device speaks on {foreign}, and is heard.", mend="Give each device its own topics."
            )


@contextmanager
def _pair(probe: Probe) -> Iterator[tuple[Connection, Connection]]:
    """The device and the subscriber, both connected."""
    place = place_of(probe)
    with (
        connected(probe, place, login_of(probe, "device")) as device,
        connected(probe, place, login_of(probe, "subscriber")) as subscriber,
    ):
        if device is None or subscriber is None:
            raise Failure(f"{place} refuses the credential of the device or the subscriber.")
        yield device, subscriber


def _topic(probe: Probe, name: str) -> str:
    topic = probe.option(name)
    if not isinstance(topic, str):
        raise NotTested(f"The target names no `{name}` (option of the interface).")
    return topic


def _expect_delivery(probe: Probe, device: Connection, subscriber: Connection, topic: str) -> None:
    subscriber.subscribe(topic)
    word = probe.unique("message")
    device.publish(topic, word)
    if not subscriber.wait(word, probe.limits.timeout):
        raise Failure(f"What the device says on {topic} does not arrive.", mend="Deliver it.")
