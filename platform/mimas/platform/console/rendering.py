"""Templates, their filters, and the headers every page goes out with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse, Response

from . import words

_STATIC = files(__package__).joinpath("static")
STYLESHEET = _STATIC.joinpath("console.css").read_bytes
ICON = _STATIC.joinpath("icon.svg").read_bytes


@dataclass(frozen=True, slots=True)
class Look:
    """What a platform may choose about its pages: its name, its time zone, a tile server for the map."""

    site: str = "Mimas"
    zone: tzinfo = UTC
    zone_name: str = "UTC"
    tiles: str | None = None
    tiles_attribution: str = ""
    address: str = "http://127.0.0.1:8080"
    simulated: bool = False


class Renderer:
    """Makes responses from templates."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._headers = _headers(look)
        self._environment = Environment(
            loader=PackageLoader("mimas.platform.console"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=StrictUndefined,
        )
        self._environment.globals.update(
            site=look.site,
            zone=look.zone_name,
            tiles=look.tiles,
            tiles_attribution=look.tiles_attribution,
            address=look.address,
            stylesheet=stylesheet_path(),
            simulated=look.simulated,  # of pages without things; others know it of theirs
            replayed=False,
            here="",
        )
        self._environment.filters.update(
            value=words.value_text,
            count=words.number_text,
            name=words.name_text,
            moment=partial(words.time_text, zone=look.zone),
            stamp=lambda text: words.time_text(datetime.fromisoformat(text), zone=look.zone),
            day=partial(words.day_text, zone=look.zone),
            age=lambda moment: words.age_text(moment, datetime.now(UTC)),
        )

    def page(self, template: str, *, status: int = 200, **content: Any) -> Response:
        """A page that no one else may frame, that runs nothing and loads from nowhere else."""
        text = self._environment.get_template(template).render(**content)
        return HTMLResponse(text, status_code=status, headers=self._headers)


def stylesheet_path() -> str:
    """The path of the style sheet, which changes with its content and may be kept for ever."""
    return f"/console/{hashlib.sha256(STYLESHEET()).hexdigest()[:12]}.css"


def _headers(look: Look) -> dict[str, str]:
    images = "'self'"
    if look.tiles:
        parts = urlsplit(look.tiles)
        images += f" {parts.scheme}://{parts.netloc}"
    policy = (
        f"default-src 'none'; style-src 'self'; img-src {images}; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
