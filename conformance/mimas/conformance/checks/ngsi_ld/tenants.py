"""Tenants (clauses 4.14, 5.5.10, 6.3.14), an optional part.

Reading as a tenant that nobody has makes none. Where two tenants must be written, the second is named by
the interface's option `second-tenant`; where anything may be written it is one fixed name.
"""

from __future__ import annotations

from ...answer import Answer
from ...verdicts import Failure, NotApplicable, NotTested
from .broker import Broker, Entity, equal, ngsi_ld, path_to, prop, refused
from .subscriptions import place_of, subscribe

WRITE = {"write"}
HEADER = "NGSILD-Tenant"
SECOND = "mimas_check_second"


def _nobody(broker: Broker) -> dict[str, str]:
    return {HEADER: broker.probe.unique("tenant").replace("-", "_")}


def _second(broker: Broker) -> dict[str, str]:
    name = broker.probe.option("second-tenant", SECOND if broker.probe.target.writes == "anything" else None)
    if name is None:
        raise NotTested("The target names no second tenant that may be written (option `second-tenant`).")
    return {HEADER: str(name)}


def _tenants_exist(answer: Answer) -> Answer:
    if answer.status == 501:
        raise NotApplicable(f"The broker has no tenants: {answer}.")
    return answer


def _in_second(broker: Broker, second: dict[str, str], entity: Entity) -> None:
    broker.removes(entity, headers=second)
    broker.needed(_tenants_exist(broker.call("POST", "/entities", body=entity, headers=second)))


@ngsi_ld("5.5.10", "other-tenants-see-nothing", "MIM1X-14", needs=WRITE)
def other_tenants_see_nothing(broker: Broker) -> None:
    """An entity of one tenant is neither retrieved nor found by another."""
    entity, nobody = broker.create(level=prop(1)), _nobody(broker)
    found = _tenants_exist(broker.get(path_to(entity), headers=nobody))
    refused(found, 404, mend="Keep the data of tenants apart.")
    listed = broker.get("/entities", {"type": broker.type}, headers=nobody)
    if listed.status == 200:
        equal(listed.json(), [], "What a query finds for another tenant")


@ngsi_ld("5.5.10", "unknown-tenant-is-404", "MIM1X-14", level="SHOULD")
def unknown_tenant(broker: Broker) -> None:
    """Reading as a tenant that does not exist answers 404 (NonexistentTenant)."""
    answer = _tenants_exist(broker.get(path_to(broker.new_id()), headers=_nobody(broker)))
    refused(answer, 404, error="NonexistentTenant")


@ngsi_ld("5.5.10", "same-id-in-two-tenants", "MIM1X-14", needs=WRITE)
def same_id(broker: Broker) -> None:
    """The same id in two tenants is two entities."""
    second = _second(broker)
    entity = broker.create(level=prop(1))
    _in_second(broker, second, {**entity, "level": prop(2)})
    found = broker.needed(broker.get(path_to(entity), headers=second)).json_object()
    values = (broker.stored(entity)["level"].get("value"), found["level"].get("value"))
    equal(values, (1, 2), "The values of the entity in the two tenants")


@ngsi_ld("6.3.14", "tenant-is-echoed", "MIM1X-14", needs=WRITE)
def tenant_is_echoed(broker: Broker) -> None:
    """The answer to a request of a tenant names the tenant."""
    second, entity = _second(broker), broker.entity()
    _in_second(broker, second, entity)
    answer = broker.get(path_to(entity), headers=second).expect(200)
    equal(answer.headers.get(HEADER), second[HEADER], f"{HEADER} of the answer")


@ngsi_ld("5.5.10", "subscriptions-stay-in-their-tenant", "MIM1X-14", needs={"write", "listener"})
def subscriptions_stay(broker: Broker) -> None:
    """A subscription of one tenant is not notified of another tenant's entities, nor seen there."""
    second, inbox = _second(broker), broker.probe.listen()
    wanted = subscribe(broker, inbox.url)
    _in_second(broker, second, broker.entity(level=prop(1)))
    broker.create(level=prop(2))
    bodies = [
        each.json() for each in inbox.wait(1, seconds=float(broker.probe.option("notification-seconds", 5)))
    ]
    values = [entity["level"]["value"] for body in bodies for entity in body["data"]]
    if values != [2]:
        raise Failure(f"The values notified are {values}, expected [2]: 1 is another tenant's.")
    refused(broker.get(place_of(wanted), headers=second), 404)
