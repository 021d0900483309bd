"""Brokers that take whoever comes, or let devices speak for others."""

from __future__ import annotations

from tests.conformance.servers.breaking import name_of
from tests.conformance.servers.mosquitto import RULES, mosquitto

from mimas.conformance.testing import broken_target

OPEN = "user device-a\ntopic readwrite town/#\nuser hall\ntopic read town/#\n"
SILENT = RULES.replace("topic readwrite", "topic read")


def fault(sentence, caught_by, *, must_catch=None, verdict="fail", **how):
    """Declare that a broker which runs like this is broken."""

    def broken(target, folder):
        with mosquitto(folder, **how) as moved:
            yield moved

    broken.__name__ = name_of("mqtt", sentence)
    broken.__doc__ = sentence
    names = [f"MQTT.{each}" for each in caught_by.split()]
    broken_target(right="mqtt", caught_by=names, must_catch=must_catch, verdict=verdict)(broken)


fault("Nobody is asked for a name.", "connect.strangers-are-refused", anonymous=True)
fault(
    "The maker's password is taken.",
    "connect.default-passwords-are-refused",
    more_users=(("admin", "admin"),),
    must_catch={"MIM6-R1.2": "admin/admin works"},
)
fault(
    "A disabled device is taken.",
    "connect.disabled-device-is-refused",
    more_users=(("gone", "word-of-who-is-gone"),),
    must_catch={"MIM6-R1.1b": "old device key still ingests"},
)
fault(
    "The broker also listens in plain.",
    "plain.port-is-closed",
    plain=True,
    must_catch={"MIM6-R2.1": "MQTT on 1883 open"},
)
fault(
    "Devices speak for each other.",
    "topics.of-others-are-refused",
    rules=OPEN,
    must_catch={"MIM6-R3.1": "topic spoofing"},
)
fault("What devices say is lost.", "messages.arrive", rules=SILENT)

fault("Any password is right.", "connect.wrong-password-is-refused", anonymous=True, passwords=False)
