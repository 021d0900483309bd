"""What was acknowledged is there: the next read, over another connection, finds it (clauses 5.6.1, 5.6.4).

Whether it survives a crash cannot be seen from outside; that nothing is acknowledged before it is stored can.
"""

from __future__ import annotations

from ...verdicts import Failure
from .broker import Broker, equal, ngsi_ld, path_to, prop

ROUNDS = 8
# The next request goes over a new connection, and with it perhaps to another worker.
ALONE = {"Connection": "close"}
_MEND = "Answer 201 or 204 only when the change is committed."


@ngsi_ld("5.6.1", "acknowledged-is-stored", "MIM1X-20", level="SHOULD", needs={"write"})
def acknowledged_is_stored(broker: Broker) -> None:
    """What was answered 201 or 204 is there in the very next read, over another connection, every time."""
    for number in range(ROUNDS):
        made = broker.entity(level=prop(number))
        broker.removes(made)
        broker.needed(broker.call("POST", "/entities", body=made, headers=ALONE))
        _expect_level(broker, path_to(made), number, f"Created as entity {number + 1} of {ROUNDS}")
        change = {"level": prop(number + 0.5)}
        broker.needed(broker.call("PATCH", path_to(made, "attrs"), body=change, headers=ALONE))
        _expect_level(broker, path_to(made), number + 0.5, f"Changed as entity {number + 1} of {ROUNDS}")


def _expect_level(broker: Broker, path: str, level: float, done: str) -> None:
    answer = broker.get(path, headers=ALONE)
    if answer.status != 200:
        raise Failure(f"{done} with success, and then {answer}.", mend=_MEND)
    equal(answer.json_object()["level"]["value"], level, f"{done} with success; the value", mend=_MEND)
