"""A small OpenID provider and an API that believes it alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.servers.secured_town import town

from mimas.conformance.target import Target


@pytest.fixture(scope="session")
def right_oidc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Both over TLS, with clients, an expired token and an ID token."""
    with town(tmp_path_factory.mktemp("oidc")) as target:
        yield target
