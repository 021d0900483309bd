"""Regular expressions of other people, run only where they cannot take for ever."""

from __future__ import annotations

import re
from functools import lru_cache

from ...verdicts import CheckError

LONGEST = 2_000
# A repeated group that holds a repetition or an alternative may take time that doubles with each character.
_COSTLY = re.compile(r"\((?:[^()\\]|\\.)*[+*}|](?:[^()\\]|\\.)*\)[+*{]|\\[1-9]")


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern is found in the text; CheckError for what is no pattern or might not end."""
    return _compiled(pattern).search(text[:LONGEST]) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    if len(pattern) > LONGEST or _COSTLY.search(pattern):
        raise CheckError(f"The pattern {pattern[:80]!r} is not run: a repetition in it is repeated.")
    try:
        return re.compile(pattern)
    except (re.error, RecursionError) as error:
        raise CheckError(f"The pattern {pattern[:80]!r} is no regular expression: {error}") from error
