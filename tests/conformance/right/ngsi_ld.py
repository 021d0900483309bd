"""Mimas itself is the right NGSI-LD broker: the whole platform with three lamps in a tenant for tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mimas.conformance.target import Target
from mimas.conformance.testing import target_of

TENANT = "mimas_check"


def _lamp(number: int) -> dict[str, Any]:
    return {
        "id": f"urn:ngsi-ld:Lamp:{number}",
        "type": "Lamp",
        "level": {"type": "Property", "value": number, "unitCode": "LUX"},
        "near": {"type": "Relationship", "object": "urn:ngsi-ld:Lamp:0"},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.4 + number, 50.1]}},
    }


@pytest.fixture(scope="module")
def right_ngsi_ld(module_start: Callable[..., Any]) -> Target:
    """A broker that may call the checker's listener, and a second tenant."""
    platform = module_start(MIMAS_OUTBOUND_ALLOW="127.0.0.1 localhost")
    for number in range(3):
        httpx.post(
            f"{platform.url}/ngsi-ld/v1/entities", json=_lamp(number), headers={"NGSILD-Tenant": TENANT}
        ).raise_for_status()
    return target_of(
        "ngsi-ld",
        platform.url,
        writes="test-tenant",
        tenant=TENANT,
        interface={"options": {"second-tenant": "mimas_check_second", "notification-seconds": 4}},
    )
