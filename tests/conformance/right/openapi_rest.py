"""A small REST service of the tests, right in everything that is asked of one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.servers.rest_data import BASE
from tests.conformance.servers.rest_service import ROLES, RestService, by_tokens
from tests.conformance.servers.secured import closed_port

from mimas.conformance.target import Credential, Target
from mimas.conformance.testing import serving, target_of

POLICY = """
default: deny
rules:
  - {role: reader, path: "/collections/meters/items", allow: true}
  - {path: "/collections/meters/items", allow: false}
  - {path: "/collections", allow: true}
  - {role: recipient, path: "/collections/residents/items/resident-3", allow: false}
  - {role: reader, method: POST, path: "/consents", allow: false}
"""
SCHEMES = {"token": {"type": "http", "scheme": "bearer"}}


@pytest.fixture(scope="session")
def right_openapi_rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The service with a token for each role; those of `expired` and `disabled` hold no more."""
    log = tmp_path_factory.mktemp("rest") / "access.log"
    log.touch()
    policy = log.with_name("access-policy.yaml")
    policy.write_text(POLICY)
    classes = log.with_name("classification.yaml")
    classes.write_text(
        "attributes: {name: personal, energy: none, observedAt: none, location: none, owner: personal}"
    )
    retention = log.with_name("retention.yaml")
    retention.write_text("days: 3000")
    tokens = {f"right-token-of-{role}": role for role in ROLES}

    def write(line: str) -> None:
        with log.open("a") as file:
            file.write(line + "\n")

    with pytest.MonkeyPatch.context() as patch:
        credentials = {}
        for role in (*ROLES, "expired", "disabled"):
            variable = f"RIGHT_REST_{role.upper().replace('-', '_')}"
            patch.setenv(variable, f"right-token-of-{role}")
            credentials[role] = Credential(variable)
        with serving(RestService(by_tokens(tokens), SCHEMES, write)) as url:
            yield target_of(
                "openapi-rest",
                f"{url}{BASE}",
                writes="anything",
                credentials=credentials,
                documents={
                    "access-log": str(log),
                    "access-policy": str(policy),
                    "classification": str(classes),
                    "retention": str(retention),
                },
                interface={
                    "options": {
                        "management-ports": [closed_port()],
                        "notification-seconds": 2,
                        "burst": 40,
                        "oversize-bytes": 1_100_000,
                        "subject-data": "/subjects/{subject}",
                        "consents": "/consents",
                    }
                },
            )
