"""The language filter: one language of a LanguageProperty, as a Property (CIM 009 4.15, RFC 3282)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..state import Instance


def in_language(instance: Instance, lang: str) -> Instance:
    """A LanguageProperty as the Property with the texts of the best language, and `lang` saying which."""
    languages: Mapping[str, Any] = instance["languageMap"]
    tag = best_language(tuple(languages), lang)
    rest = {name: value for name, value in instance.items() if name not in ("type", "languageMap")}
    return {"type": "Property", "value": languages[tag], "lang": tag, **rest}


@lru_cache(maxsize=4096)
def best_language(languages: tuple[str, ...], lang: str) -> str:
    """The language to serve: the first wish that can be met, else `@none`, else any."""
    by_lower = {each.lower(): each for each in languages}
    wished = _wishes(lang)
    for wish in wished:
        if wish == "*":
            break
        found = _lookup(wish, by_lower)
        if found is not None:
            return found
    return by_lower.get("@none", languages[0])


def _lookup(wish: str, by_lower: Mapping[str, str]) -> str | None:
    """RFC 4647 look-up, shortening the wish (nl-BE, nl), then lengthening it (en, en-US)."""
    shorter = wish
    while shorter:
        if shorter in by_lower:
            return by_lower[shorter]
        shorter = shorter.rpartition("-")[0]
    return next((each for lower, each in by_lower.items() if lower.startswith(wish + "-")), None)


def _wishes(lang: str) -> list[str]:
    """The tags by falling quality; those of one quality in the order given."""
    weighted: list[tuple[float, str]] = []
    for part in lang.lower().split(","):
        tag, _, parameter = part.partition(";")
        quality = _quality(parameter)
        if tag.strip() and quality > 0:
            weighted.append((quality, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda each: -each[0])]


def _quality(parameter: str) -> float:
    name, _, value = parameter.partition("=")
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 1.0
