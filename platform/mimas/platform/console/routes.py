"""Where the pages are: what the platform mounts beside the API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .conformance import PATH, Checking, ConformancePages
from .pages import Pages
from .rendering import ICON, STYLESHEET, Look, Renderer, stylesheet_path
from .sight import Sight

_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def console_routes(sight: Sight, look: Look, checking: Checking, *, version: str) -> list[Route]:
    """The routes of the console; none of them lies under the API."""
    pages = Pages(sight, look, version)
    conformance = ConformancePages(checking, Renderer(look))
    return [
        Route("/", pages.answer(pages.start), methods=["GET"]),
        Route("/things", pages.answer(pages.things), methods=["GET"]),
        Route("/things/{identifier:path}", pages.answer(pages.thing), methods=["GET"]),
        Route("/history/{identifier:path}", pages.answer(pages.history), methods=["GET"]),
        Route("/quarantine", pages.answer(pages.quarantine), methods=["GET"]),
        Route(PATH, conformance.overview, methods=["GET"]),
        Route(PATH, pages.answer(conformance.start), methods=["POST"]),
        Route(f"{PATH}/report", conformance.report, methods=["GET"]),
        Route("/about", pages.answer(pages.about), methods=["GET"]),
        Route(stylesheet_path(), _stylesheet, methods=["GET"]),
        Route("/console/icon.svg", _icon, methods=["GET"]),
    ]


async def _stylesheet(_request: Request) -> Response:
    return Response(STYLESHEET(), media_type="text/css", headers=_FOREVER)


async def _icon(_request: Request) -> Response:
    return Response(ICON(), media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})
