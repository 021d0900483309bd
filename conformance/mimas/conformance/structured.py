"""Documents offered as evidence, as far as a machine reads them: members of JSON or YAML, headings of text.

What is only a scan or a PDF is left to people: NotTested, never a pass.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import yaml

from .probe import Probe
from .verdicts import Failure, NotTested

_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$|<h[1-6][^>]*>(.*?)</h[1-6]>", re.MULTILINE | re.IGNORECASE)
_TAG = re.compile(r"<[^>]+>")
_EMPTY = frozenset({"", "-", "n/a", "tbd", "todo", "none", "...", "to be done"})


def read_data(probe: Probe, name: str) -> Any:
    """The document as JSON or YAML; Failure when it is neither, NotTested when only people can read it."""
    content = probe.document(name)
    _refuse_binary(content, name)
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        value = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"The document {name!r} is neither JSON nor YAML.", mend="Offer it as JSON.") from error
    if not isinstance(value, dict | list):
        raise Failure(f"The document {name!r} is neither JSON nor YAML.", mend="Offer it as JSON.")
    return value


def read_sections(probe: Probe, name: str) -> dict[str, str]:
    """Titles and texts: the members of JSON or YAML, or the headings of Markdown or HTML."""
    content = probe.document(name)
    _refuse_binary(content, name)
    text = content.decode("utf-8", "replace")
    found = _headed(text)
    if found:
        return found
    value = read_data(probe, name)
    if not isinstance(value, dict):
        raise Failure(f"The document {name!r} has no named parts.", mend="Give its parts titles.")
    return {str(title): _as_text(part) for title, part in value.items()}


def _refuse_binary(content: bytes, name: str) -> None:
    if content.startswith((b"%PDF", b"PK\3\4", b"\xd0\xcf\x11\xe0")) or b"\0" in content[:1000]:
        raise NotTested(
            f"The document {name!r} is a PDF or an office file, which only people can judge: attest it, or "
            "offer it as JSON, YAML, Markdown or HTML."
        )


def _headed(text: str) -> dict[str, str]:
    found = list(_HEADING.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)][: len(found)]
    return {
        _TAG.sub("", each[1] or each[2] or "").strip(): _TAG.sub(" ", text[each.end() : end]).strip()
        for each, end in zip(found, ends, strict=True)
    }


def _as_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(_as_text(each) for each in value.values())
    if isinstance(value, list):
        return " ".join(map(_as_text, value))
    return "" if value is None else str(value)


def says_something(value: Any) -> bool:
    """Whether a member holds more than nothing or a promise."""
    return _as_text(value).strip().lower() not in _EMPTY


def expect_sections(found: Mapping[str, str], due: Mapping[str, Iterable[str]], what: str) -> None:
    """For each part that is due a title holds one of its words, and a text follows; otherwise Failure."""
    missing = [part for part, words in due.items() if not _has(found, words)]
    if missing:
        raise Failure(
            f"{what} says nothing of: {', '.join(missing)}; its parts are {sorted(found)[:8]}.",
            mend="Add the missing parts, each under a title of its own.",
        )


def _has(found: Mapping[str, str], words: Iterable[str]) -> bool:
    return any(
        word in title.lower() and says_something(text) for title, text in found.items() for word in words
    )


def expect_members(value: Any, due: Iterable[str], what: str) -> dict[str, Any]:
    """An object whose members are there and hold something; otherwise Failure."""
    if not isinstance(value, dict):
        raise Failure(f"{what} is {type(value).__name__}, expected an object.")
    missing = [name for name in due if not says_something(value.get(name))]
    if missing:
        raise Failure(f"{what} has no {', '.join(missing)}.", mend=f"Give {', '.join(missing)}.")
    return value


def expect_list(value: Any, what: str, member: str | None = None) -> list[dict[str, Any]]:
    """A list of objects that is not empty, or the one in `member` of an object; otherwise Failure."""
    listed = value.get(member) if isinstance(value, dict) and member else value
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        raise Failure(f"{what} is no list of objects, or an empty one.", mend="List at least one.")
    return listed
