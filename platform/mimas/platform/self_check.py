"""The platform under its own checker: one run at a time, in a process of its own; the last report is kept."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import yaml

from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore

from .access import Role, hash_token, new_token

PROFILE = "starter_platform"
TENANT = "conformance"
TOKEN_NAME = "self-check-"  # noqa: S105  # the beginning of a name
_VARIABLE = "CHECK_TOKEN"

logger = logging.getLogger(__name__)


class SelfCheck:
    """Runs `mimas check` against this platform and keeps what it says in `folder`.

    `may_call_here` says whether notifications may go to this machine: only then can they be tested.
    """

    def __init__(
        self, folder: Path, version: str, tokens: TokenStore, *, may_call_here: bool = False
    ) -> None:
        self.may_call_here = may_call_here
        self._folder = folder
        self._version = version
        self._tokens = tokens
        self._task: asyncio.Task[None] | None = None

    def report(self) -> dict[str, Any] | None:
        """The last report, None before the first run ends."""
        try:
            report: dict[str, Any] = orjson.loads((self._folder / "report.json").read_bytes())
        except (OSError, orjson.JSONDecodeError):
            return None
        return report

    def page(self) -> bytes | None:
        """The last report as the checker's own HTML page."""
        try:
            return (self._folder / "report.html").read_bytes()
        except OSError:
            return None

    def is_running(self) -> bool:
        """Say whether a run is under way, in this or another process."""
        lock = self._lock()
        if lock is None:
            return True
        os.close(lock)
        return False

    async def start(self, address: str) -> bool:
        """Begin a run against the API at `address`; false when one is under way."""
        lock = self._lock()
        if lock is None:
            return False
        try:
            environment, token = await self._environment()
            self._write_target(address)
            process = await asyncio.create_subprocess_exec(
                *self._command(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment,
                pass_fds=(lock,),  # held as long as the process lives
            )
        finally:
            os.close(lock)
        self._task = asyncio.create_task(self._follow(process, token), name="mimas self-check")
        return True

    async def _follow(self, process: asyncio.subprocess.Process, token: str | None) -> None:
        code = await process.wait()
        logger.info("the platform has checked itself", extra={"facts": {"exit": code}})
        if token is not None:
            await self._tokens.revoke(token, datetime.now(UTC))

    def _lock(self) -> int | None:
        """The lock of the run, None when another holds it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._folder / "running", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock

    async def _environment(self) -> tuple[dict[str, str], str | None]:
        """What the checker runs with; a token of its own, revoked behind it, where tokens are asked for."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MIMAS_")}
        for each in await self._tokens.list_all():
            if each.name.startswith(TOKEN_NAME) and each.revoked_at is None:
                await self._tokens.revoke(each.name, datetime.now(UTC))  # left by a run that was killed
        if not await self._tokens.any_valid(Role.names()):
            return kept, None
        secret, name = new_token(), f"{TOKEN_NAME}{uuid4().hex[:12]}"
        await self._tokens.add(StoredToken(hash_token(secret), name, ("admin",), None, datetime.now(UTC)))
        return {**kept, _VARIABLE: secret}, name

    def _write_target(self, address: str) -> None:
        """What is checked: the API, writing into a tenant of its own."""
        target: dict[str, Any] = {
            "product": {"name": "This platform (Mimas)", "version": self._version},
            "interfaces": {
                "ngsi-ld": {"url": address},
                "openapi-rest": {"url": address, "description": "/openapi.json"},
            },
            "credentials": {"token": {"env": _VARIABLE}},
            "writes": "test-tenant",
            "tenant": TENANT,
            "profiles": [PROFILE],
        }
        (self._folder / "target.yaml").write_text(yaml.safe_dump(target, sort_keys=False))

    def _command(self) -> list[str]:
        reports = [f"--report={self._folder / name}" for name in ("report.json", "report.html")]
        target = str(self._folder / "target.yaml")
        options = ["--quiet", *reports, *(() if self.may_call_here else ("--listener=none",))]
        return [sys.executable, "-P", "-m", "mimas.platform.cli", "check", target, *options]
