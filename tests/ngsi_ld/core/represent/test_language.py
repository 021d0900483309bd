"""The language filter (CIM 009 4.15)."""

from __future__ import annotations

import pytest

from mimas.ngsi_ld.core.represent.language import best_language


@pytest.mark.parametrize(
    ("languages", "lang", "best"),
    [
        (("en", "fr"), "en", "en"),
        (("en", "fr"), "FR", "fr"),
        (("en", "fr-CH"), "fr-ch", "fr-CH"),
        (("en", "nl"), "nl-BE", "nl"),
        (("fr", "en-US"), "en", "en-US"),
        (("en", "fr"), "fr-CH,fr;q=0.9,en;q=0.8,*;q=0.5", "fr"),
        (("en", "fr"), "en;q=0.1,fr", "fr"),
        (("en", "fr"), "en;q=0,fr;q=0.1", "fr"),
        (("en", "@none"), "de", "@none"),
        (("en", "fr"), "de", "en"),
        (("en", "@none"), "*", "@none"),
        (("en", "fr"), "*", "en"),
        (("en", "fr"), "de,*;q=0.5,fr;q=0.1", "en"),
        (("en",), "", "en"),
        (("en",), ";;q=x,,", "en"),
    ],
)
def test_best_language(languages: tuple[str, ...], lang: str, best: str) -> None:
    """By quality, in any case, shortened and lengthened; then `@none`, then any."""
    assert best_language(languages, lang) == best
