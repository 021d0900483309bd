"""The GitHub Action and the GitLab template: valid by their schemas, and their scripts run for real."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from jsonschema.validators import validator_for

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "deploy/ci/github/action.yml").read_text())
TEMPLATE = yaml.safe_load((ROOT / "deploy/ci/gitlab/mimas-check.yml").read_text())
NOT_CONFORMANT, COULD_NOT_JUDGE = 1, 2


def mistakes(document: Any, schema_name: str) -> list[str]:
    """What the published schema says against a document."""
    schema = json.loads(
        files("check_jsonschema").joinpath(f"builtin_schemas/vendor/{schema_name}.json").read_text()
    )
    return [error.message for error in validator_for(schema)(schema).iter_errors(document)]


def test_the_action_follows_its_schema() -> None:
    """As GitHub publishes it for action.yml."""
    assert mistakes(ACTION, "github-actions") == []


def test_the_template_follows_its_schema() -> None:
    """As GitLab publishes it for .gitlab-ci.yml."""
    assert mistakes(TEMPLATE, "gitlab-ci") == []


class Page(BaseHTTPRequestHandler):
    """A plain web site."""

    def do_GET(self) -> None:  # the name that http.server calls
        body = b"<!doctype html><title>Town</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web_site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def run(script: str, folder: Path, variables: dict[str, str]) -> int:
    """Run a script as a runner does, with this environment's mimas."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {"PATH": path, "HOME": str(folder), **variables}
    done = subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environment, timeout=100, check=False)
    return done.returncode


def test_the_actions_script_judges_and_reports(web_site: str, tmp_path: Path) -> None:
    """A plain web site is not conformant, and the reports are there all the same."""
    [step] = [each for each in ACTION["runs"]["steps"] if "mimas check" in each.get("run", "")]
    variables = {
        "TARGET": web_site,
        "PROFILE": "geo",
        "ARGUMENTS": "--id MIM7-R1.1 --level MUST",
        "SIGNING_KEY": "",
        "REPORTS": "out",
    }
    code = run(step["run"], tmp_path, variables)

    assert code in (NOT_CONFORMANT, COULD_NOT_JUDGE)
    assert {each.name for each in (tmp_path / "out").iterdir()} == {
        *("report.json", "report.html", "junit.xml", "badge.svg")
    }
    assert set(step["env"]) == set(variables)


def test_the_templates_script_judges_and_reports(web_site: str, tmp_path: Path) -> None:
    """The same by GitLab's variables."""
    job = TEMPLATE[".mimas-check"]
    variables = {**job["variables"], "MIMS_TARGET": web_site, "MIMS_ARGUMENTS": "--id MIM7-R1.1"}
    code = run("\n".join(job["script"]), tmp_path, variables)

    assert code in (NOT_CONFORMANT, COULD_NOT_JUDGE)
    assert (tmp_path / job["variables"]["MIMS_REPORTS"] / "junit.xml").exists()
