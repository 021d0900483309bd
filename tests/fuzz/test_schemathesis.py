"""Schemathesis over the broker's own OpenAPI and the published one.

What the own one says is true, and nothing is answered with a 5xx.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT.parent / "shared/spec/openapi/ngsi-ld-api-1.8.1.yaml"
SECONDS = max(6, int(float(os.environ.get("MIMAS_TEST_FUZZ_SECONDS", "0"))))
TRUTH = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,"
    "response_headers_conformance"
)
PATIENCE = SECONDS + 200

pytestmark = pytest.mark.xdist_group("e2e")  # a whole platform, as those tests have


@pytest.fixture(scope="module")
def url(module_start: Any) -> str:
    """A platform to ask anything."""
    return str(module_start(MIMAS_WORKERS="1").url)


def test_our_own_description_is_true(url: str, tmp_path: Path) -> None:
    """Statuses, media types, headers and bodies are those of `/openapi.json`, whatever is asked."""
    run(tmp_path, f"{url}/openapi.json", "--checks", TRUTH, "--phases", "coverage,fuzzing")


def test_requests_of_the_published_description_are_answered(url: str, tmp_path: Path) -> None:
    """No 5xx for what OpenAPI 1.8.1 allows. Bodies take minutes: its schemas refer to themselves."""
    if not PUBLISHED.exists():
        pytest.skip(f"{PUBLISHED} is not there")
    methods = ("--exclude-method", "POST") if SECONDS >= 60 else ("--include-method", "GET")
    run(
        *(tmp_path, str(PUBLISHED), "--url", f"{url}/ngsi-ld/v1"),
        *("--checks", "not_a_server_error", "--phases", "fuzzing", *methods),
    )


def run(directory: Path, *arguments: str) -> None:
    """One run of the command; 504, a @context that cannot be had (6.3.2), is in the description."""
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        *("run", *arguments),
        *("--max-time", str(SECONDS), "--suppress-health-check", "all", "--request-timeout", "30"),
        *("--continue-on-failure", "--warnings", "off", "--no-color"),
    ]
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, timeout=PATIENCE, check=False
    )

    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " generated, " in done.stdout, "nothing was asked"
