"""A right twin as its neighbours see it: models, data and a catalogue behind interfaces of their own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Interface, Target
from mimas.conformance.testing import serving

JSON = {"Content-Type": "application/json"}


def _models(received: Received) -> Reply:
    found = received.path.partition("?")[0] == "/processes"
    return Reply(200, b'{"processes": []}', JSON) if found else Reply(404, b"{}", JSON)


@pytest.fixture(scope="session")
def right_exchange(right_openapi_rest: Target, right_dcat_ap: Target) -> Iterator[Target]:
    """The REST service of the tests and the catalogue, read only, beside a list of models."""
    rest = right_openapi_rest.interfaces["openapi-rest"]
    with serving(_models) as url:
        yield replace(
            right_openapi_rest,
            interfaces={
                **right_dcat_ap.interfaces,
                "openapi-rest": replace(rest, options={}),
                "ogcapi-processes": Interface("ogcapi-processes", url),
            },
            documents={},
            credentials={"token": right_openapi_rest.credentials["token"]},
            writes="none",
        )
