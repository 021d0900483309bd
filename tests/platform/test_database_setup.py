"""What a wrong MIMAS_DATABASE_URL comes to."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from mimas.platform.database_setup import migrate
from mimas.platform.processes import Refused


def test_unknown_database_is_a_sentence(database_url: str) -> None:
    """What the server refuses is told at once, with its words and without a traceback."""
    parts = urlsplit(database_url)
    wrong = parts._replace(path="/no_such_town").geturl()
    with pytest.raises(Refused, match=r"no_such_town.*does not exist.*MIMAS_DATABASE_URL"):
        migrate(wrong, lambda line: None)


def test_absent_server_is_told_once() -> None:
    """While nobody answers, the same reason is said once; and where, without a password."""
    said: list[str] = []
    with pytest.raises(
        Refused, match=r"^The database at 127.0.0.1:1 cannot be reached: .*MIMAS_DATABASE_URL"
    ):
        migrate("postgresql://me:secret@127.0.0.1:1/town", said.append, patience=0.2)

    assert len(said) == 1
    assert "secret" not in said[0]
