"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TARGET = """
product: {{name: x}}
interfaces:
  openapi-rest: {{url: "http://127.0.0.1:9"}}
documents: {{ngsi-ld-test-suite: "{output}"}}
"""
ROOTS = "import sys; sys.path[:0] = {roots}; import pytest; sys.exit(pytest.main(sys.argv[1:]))"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    roots = [str(Path(__file__).resolve().parents[2] / name) for name in ("conformance", "ngsi_ld")]
    return subprocess.run(
        [
            sys.executable, "-c", ROOTS.format(roots=roots),
            *("-p", "mimas.conformance.pytest_plugin", "-p", "no:cacheprovider", "-v", *arguments),
        ],
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    )  # fmt: skip


@pytest.fixture
def target(tmp_path: Path, right_robot_output) -> Path:  # type: ignore[no-untyped-def]
    path = tmp_path / "target.yaml"
    path.write_text(TARGET.format(output=right_robot_output.documents["ngsi-ld-test-suite"]))
    return path


def test_each_check_is_a_test(target: Path) -> None:
    """What passes passes, what nothing can be tested on is skipped."""
    done = run(
        target.parent, f"--mimas-target={target}", "--mimas-id=MIM1X-*", "--mimas-profile=starter_platform"
    )

    assert "mimas::imported.ngsi-ld-test-suite PASSED" in done.stdout.replace(
        "mimas.imported", "mimas::imported"
    )
    assert "SKIPPED" in done.stdout
    assert done.returncode == 0, done.stdout


def test_a_failed_check_says_how_to_mend_it(target: Path, tmp_path: Path) -> None:
    """Without a stack of ours."""
    output = tmp_path / "bad.xml"
    output.write_text('<robot><suite name="TP"><test name="t"><status status="FAIL"/></test></suite></robot>')
    target.write_text(TARGET.format(output=output))
    done = run(target.parent, f"--mimas-target={target}", "--mimas-id=imported.*")

    assert done.returncode == 1
    assert "How to mend it" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_wrong_target_is_a_usage_error(tmp_path: Path) -> None:
    """Not a crash."""
    done = run(tmp_path, "--mimas-target=nowhere.yaml")

    assert done.returncode == 4
    assert "nowhere.yaml cannot be read" in done.stderr


def test_without_the_option_nothing_happens(tmp_path: Path) -> None:
    """No test is added, and nothing of the checker is imported."""
    done = run(tmp_path)

    assert done.returncode == 5
