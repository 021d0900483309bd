"""Brokers that acknowledge what they have not stored."""

from __future__ import annotations

from mimas.conformance.http_server import Reply
from mimas.conformance.testing.ngsi_ld import either, fault, from_nth, on, says

CREATE = on("POST", "/entities")
CHANGE = on("PATCH", "/entities/{}/attrs")
READ = on("GET", "/entities/{}")
STORED = "5.6.1.acknowledged-is-stored"


def _after_the_next_read(status):
    """Writes are acknowledged at once and stored when something was read."""
    held = []

    def breaks(received, forward):
        if received.method != "GET":
            held.append(received)
            return Reply(status)
        reply = forward(received)
        while held:
            forward(held.pop())
        return reply

    return breaks


fault(
    "An entity is acknowledged first and stored later.",
    STORED,
    either(CREATE, READ),
    _after_the_next_read(201),
    must_catch={"MIM1X-20": "ack before commit"},
)
fault(
    "A change is acknowledged first and stored later.",
    STORED,
    either(CHANGE, READ),
    _after_the_next_read(204),
)
fault("Under load an entity is acknowledged and lost.", STORED, CREATE, from_nth(5, says(201)))
fault("Under load a change is acknowledged and lost.", STORED, CHANGE, from_nth(5, says(204)))
fault("Nothing can be written.", STORED, CREATE, says(503, {}), verdict="error")
