"""The page that has the platform checked, and shows what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from .rendering import Renderer

PATH = "/conformance"
# The report is the checker's own page: its style stands in it, and nothing else may come with it.
_REPORT_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_WORDS = {
    "pass": "Conformant, as far as it was tested",
    "fail": "Not conformant",
    "error": "Could not be judged",
    "not_tested": "Not enough was tested to judge",
}
_SHORT = {
    "pass": "Passed",
    "fail": "Failed",
    "error": "Could not be judged",
    "not_tested": "Not tested",
    "not_applicable": "Does not apply",
}


class Checking(Protocol):
    """What the page asks of the platform. Without `may_call_here` notifications cannot be tested."""

    may_call_here: bool

    def report(self) -> dict[str, Any] | None:
        """The last report as JSON."""

    def page(self) -> bytes | None:
        """The last report as a page."""

    def is_running(self) -> bool:
        """Say whether a run is under way."""

    async def start(self, address: str) -> bool:
        """Begin a run against the API at `address`; false when one is under way."""


class ConformancePages:
    """The latest report in short, its whole page, and the button for a new run."""

    def __init__(self, checking: Checking, renderer: Renderer) -> None:
        self._checking = checking
        self._renderer = renderer

    async def overview(self, _request: Request) -> Response:
        """What the last run found, by MIM."""
        report = self._checking.report()
        running = self._checking.is_running()
        response = self._renderer.page(
            "conformance.html",
            here=PATH,
            report=report,
            running=running,
            notifies=self._checking.may_call_here,
            words=_SHORT,
            verdict=_WORDS.get(report["verdict"], report["verdict"]) if report else "",
            failing=_failing(report) if report else [],
        )
        response.headers["Content-Security-Policy"] = response.headers["Content-Security-Policy"].replace(
            "form-action 'none'", "form-action 'self'"
        )
        if running:
            response.headers["Refresh"] = "4"
        return response

    async def start(self, request: Request) -> Response:
        """Begin a run, then show the overview; a form of another site is refused."""
        if not comes_from_here(request.headers):
            return self._renderer.page(
                "missing.html",
                status=403,
                heading="Not from another site",
                words="A check of this platform is begun from its own page.",
            )
        await self._checking.start(_own_address(request))
        return RedirectResponse(PATH, status_code=303)

    async def report(self, _request: Request) -> Response:
        """The last report as the checker wrote it."""
        page = self._checking.page()
        if page is None:
            return self._renderer.page(
                "missing.html",
                status=404,
                heading="There is no report yet",
                words="Have the platform checked.",
            )
        return Response(page, media_type="text/html", headers=_REPORT_HEADERS)


def comes_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a form was sent by a page of this platform; programs send no Origin."""
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _own_address(request: Request) -> str:
    """Where this very server listens, whatever name or proxy the visitor came by."""
    host, port = request.scope["server"]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _failing(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in report["requirements"] if each["verdict"] == "fail"]
