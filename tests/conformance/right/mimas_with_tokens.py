"""Mimas with tokens: the right NGSI-LD broker for checks of who gets in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from tests.conformance.servers.secured import closed_port

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Credential, Target
from mimas.conformance.testing import Forward, proxied, target_of

TENANT = "mimas_check"
POLICY = """
default: deny
rules:
  - {role: reader, path: "/ngsi-ld/v1/types", allow: true}
  - {path: "/ngsi-ld/v1/types", allow: false}
  - {path: "/metrics", allow: false}
  - {role: reader, method: POST, path: "/ngsi-ld/v1/subscriptions", allow: false}
"""


def _store(url: str, token: str) -> None:
    """One meter in the tenant for tests."""
    energy = {"type": "Property", "value": 7, "observedAt": f"{date.today() - timedelta(days=30)}T00:00:00Z"}
    meter = {"id": "urn:ngsi-ld:Meter:1", "type": "Meter", "energy": energy}
    headers = {"NGSILD-Tenant": TENANT, "Authorization": f"Bearer {token}"}
    httpx.post(f"{url}/ngsi-ld/v1/entities", json=meter, headers=headers).raise_for_status()


@pytest.fixture(scope="module")
def right_mimas_with_tokens(module_start: Callable[..., Any]) -> Iterator[Target]:
    """Roles: `token` writes, `reader` reads, `disabled` was revoked."""
    platform = module_start()

    def mimas(*arguments: str) -> str:
        command = [sys.executable, "-m", "mimas.platform.cli", *arguments]
        return subprocess.run(
            command, env=platform.environment, capture_output=True, text=True, check=True
        ).stdout.split()[-1]

    with pytest.MonkeyPatch.context() as patch:
        credentials = {}
        for role, may in (("token", "write"), ("reader", "read"), ("disabled", "write")):
            variable = f"RIGHT_MIMAS_{role.upper()}"
            patch.setenv(variable, mimas("token", "create", role, "--role", may))
            credentials[role] = Credential(variable)
        mimas("token", "revoke", "disabled")
        patch.setenv("RIGHT_MIMAS_EXPIRED", "mimas_never-issued")
        credentials["expired"] = Credential("RIGHT_MIMAS_EXPIRED")
        _store(platform.url, os.environ["RIGHT_MIMAS_TOKEN"])
        policy = platform.data_dir / "access-policy.yaml"
        policy.write_text(POLICY)
        classes = platform.data_dir / "classification.yaml"
        classes.write_text("attributes: {energy: none, location: none}")
        retention = platform.data_dir / "retention.yaml"
        retention.write_text("days: 400")
        yield target_of(
            "ngsi-ld",
            platform.url,
            writes="test-tenant",
            tenant=TENANT,
            credentials=credentials,
            documents={
                "access-policy": str(policy),
                "access-log": f"{platform.data_dir}.log",
                "classification": str(classes),
                "retention": str(retention),
            },
            interface={"options": {"management-ports": [closed_port()]}},
        )


@pytest.fixture(scope="module")
def right_guarded_ngsi_ld(right_mimas_with_tokens: Target) -> Iterator[Target]:
    """Mimas behind a gateway that limits each client, and takes no subscription that calls the inside."""
    asked: list[float] = []

    def answer(received: Received, forward: Forward) -> Reply:
        if any(place in received.body for place in (b"169.254.", b"file:", b"[::1]")):
            return Reply(400, b'{"title": "That may not be called."}', {"Content-Type": "application/json"})
        asked.append(time.monotonic())
        if received.headers.get("x-burst") and len([at for at in asked if asked[-1] - at < 60]) > 20:
            return Reply(429, b"", {"Retry-After": "60"})
        limits = {"RateLimit-Policy": '"default";q=100;w=60', "RateLimit": '"default";r=50;t=30'}
        reply = forward(received)
        return Reply(reply.status, reply.body, {**reply.headers, **limits})

    with proxied(right_mimas_with_tokens, answer) as target, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RIGHT_MIMAS_BURST", "a-client-in-a-hurry")
        burst = {"burst": Credential("RIGHT_MIMAS_BURST", scheme="header", header="X-Burst")}
        interface = target.interfaces["ngsi-ld"]
        options = {**interface.options, "burst": 60}
        yield replace(
            target,
            credentials={**target.credentials, **burst},
            interfaces={"ngsi-ld": replace(interface, options=options)},
        )
