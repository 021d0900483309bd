"""The platform has itself checked: in a process of its own, once at a time, and keeps the report."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore
from mimas.platform.self_check import TOKEN_NAME, SelfCheck

NOBODY = "http://127.0.0.1:9"  # nothing listens on the discard port


@pytest.fixture
async def tokens(database_url: str) -> AsyncIterator[TokenStore]:
    database = await Database.open(database_url)
    yield TokenStore(database)
    await database.close()


async def ended(checking: SelfCheck) -> None:
    """Wait until the run has ended."""
    async with asyncio.timeout(90):
        while checking.is_running():
            await asyncio.sleep(0.05)
        assert checking._task is not None
        await checking._task


async def test_a_run_leaves_a_report(tokens: TokenStore, tmp_path: Path) -> None:
    """Where nobody answers, the report says that nothing could be judged."""
    checking = SelfCheck(tmp_path, "1", tokens)
    before = checking.report()
    started = [await checking.start(NOBODY), await checking.start(NOBODY)]
    await ended(checking)
    report, page = checking.report(), checking.page()

    assert (before, started) == (None, [True, False])
    assert report is not None
    assert report["verdict"] in ("error", "not_tested")
    assert page is not None
    assert b"This platform" in page


async def test_its_token_is_worthless_afterwards(tokens: TokenStore, tmp_path: Path) -> None:
    """Where tokens are asked for, the run has one of its own."""
    await tokens.add(StoredToken(b"somebody", "somebody", ("admin",), None, datetime.now(UTC)))
    checking = SelfCheck(tmp_path, "1", tokens)
    await checking.start(NOBODY)
    during = [each.revoked_at for each in await tokens.list_all() if each.name.startswith(TOKEN_NAME)]
    await ended(checking)
    after = [each.revoked_at for each in await tokens.list_all() if each.name.startswith(TOKEN_NAME)]

    assert during == [None]
    assert after != [None]
    assert len(after) == 1
