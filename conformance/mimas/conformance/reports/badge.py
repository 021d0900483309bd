"""A badge as SVG: what was checked, and the verdict with the share of MUSTs that were tested."""

from __future__ import annotations

from html import escape
from typing import Any

from .xml_text import clean

_COLOURS = {"pass": "#1b6e3c", "fail": "#a4262c", "error": "#6b5900", "not_tested": "#4a5160"}
_WORDS = {"pass": "passes", "fail": "fails", "error": "not judged", "not_tested": "not judged"}
_PER_LETTER = 6.6


def badge(report: dict[str, Any]) -> str:
    """An image of its own: no font, style or script from elsewhere."""
    left = f"MIMs Plus {report['catalogue']['edition']}"
    tested = sum(each["must_tested"] for each in report["mims"])
    total = sum(each["must_total"] for each in report["mims"])
    right = f"{_WORDS.get(report['verdict'], 'not judged')}, {tested}/{total} MUST tested"
    first, second = (round(len(text) * _PER_LETTER + 16) for text in (left, right))
    colour = _COLOURS.get(report["verdict"], _COLOURS["not_tested"])
    label = escape(clean(f"{report['target']['name']}: {left} {right}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{first + second}" height="24" role="img" '
        f'aria-label="{label}"><title>{label}</title>'
        f'<rect width="{first}" height="24" fill="#2b303b"/>'
        f'<rect x="{first}" width="{second}" height="24" fill="{colour}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{first / 2:g}" y="16">{escape(left)}</text>'
        f'<text x="{first + second / 2:g}" y="16">{escape(right)}</text></g></svg>\n'
    )
