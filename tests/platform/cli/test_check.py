"""`mimas check`, `target`, `report` and `requirements`: the checker on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.reports import read_report
from mimas.conformance.testing import serving
from mimas.platform.cli import main

OUTPUT = '<robot generator="R" generated="now"><suite name="TP">{suites}</suite></robot>'
GROUPS = ("CommonBehaviours", "ContextInformation", "ContextSource", "DistributedOperations", "jsonldContext")
SUITE = '<suite name="{name}"><test name="{name}_1"><status status="{status}"/></test></suite>'
BASE_INSTALL = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {
            "asyncpg", "sqlalchemy", "starlette", "uvicorn", "pyld", "jinja2", "markupsafe",
            "jmespath", "alembic", "geoalchemy2", "lxml", "pyogrio", "apscheduler", "pymodbus",
            "prometheus_client",
        }:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
from mimas.platform.cli import main
main(sys.argv[1:], prog_name="mimas")
"""


def mimas(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def suite_output(path: Path, status: str) -> Path:
    suites = "".join(SUITE.format(name=name, status=status) for name in GROUPS)
    path.write_text(OUTPUT.format(suites=suites))
    return path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A product of which only one thing is known: that it passed the public NGSI-LD suite."""
    suite_output(tmp_path / "output.xml", "PASS")
    path = tmp_path / "target.yaml"
    path.write_text(
        'product: {name: Broker, version: "1"}\n'
        'interfaces: {tls: {url: "https://127.0.0.1:9"}}\n'
        "documents: {ngsi-ld-test-suite: output.xml}\n"
    )
    return path


ONE = ("--id", "imported.*", "--profile", "starter_platform")


def test_a_strict_run_that_passes_ends_with_0(target: Path) -> None:
    """The requirement is a SHOULD: strict makes it count."""
    done = mimas("check", target, *ONE, "--strict")

    assert done.exit_code == 0, done.output
    assert "CONFORMANT as far as tested: 1 of 1" in done.stdout


def test_a_failure_ends_with_1_and_is_named(target: Path) -> None:
    """With the requirement it breaks."""
    suite_output(target.parent / "output.xml", "FAIL")
    done = mimas("check", target, *ONE, "--strict")

    assert done.exit_code == 1
    assert "NOT CONFORMANT: MIM1X-08" in done.stdout


def test_what_could_not_be_judged_ends_with_2(target: Path) -> None:
    """A web page instead of the suite's output is nobody's failure."""
    (target.parent / "output.xml").write_text("<html>")
    done = mimas("check", target, *ONE, "--strict")

    assert done.exit_code == 2
    assert "COULD NOT JUDGE MIM1-context" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("nowhere.yaml",), ("--no-such-option",), ("http://",), ("TARGET", "--profile", "x"),
        ("TARGET", "--report", "run.pdf"), ("TARGET", "--id", "no/such/*"), ("TARGET", "--listener", "x"),
        ("TARGET", "--baseline", "TARGET"), ("TARGET", "--sign", "TARGET", "--report", "run.json"),
        ("TARGET", "--level", "PERHAPS"),
    ],
)  # fmt: skip
def test_what_is_not_understood_ends_with_3(target: Path, arguments: tuple[str, ...]) -> None:
    """Before anything is sent, and without a stack."""
    done = mimas("check", *(str(target) if each == "TARGET" else each for each in arguments))

    assert done.exit_code == 3, done.output
    assert "Error" in done.output


def test_a_url_where_nothing_answers_ends_with_2() -> None:
    """It could not be judged; the command itself was right."""
    done = mimas("check", "http://127.0.0.1:9")

    assert (done.exit_code, "Nothing can be found out" in done.output) == (2, True)


def test_reports_are_written_signed_and_verified(target: Path, tmp_path: Path) -> None:
    """From the run to the buyer, who has the public key alone."""
    key, run = tmp_path / "key.pem", tmp_path / "out" / "run.json"
    mimas("report", "key", key)
    mimas("check", target, *ONE, "--report", run, "--report", tmp_path / "run.html", "--sign", key)
    done = mimas("report", "verify", run, "--key", f"{key}.pub")

    assert done.exit_code == 0, done.output
    assert "is unchanged since" in done.stdout
    assert "<h1>Broker 1</h1>" in (tmp_path / "run.html").read_text()


def test_a_changed_report_is_found_out(target: Path, tmp_path: Path) -> None:
    """A verdict that was made better afterwards."""
    key, run = tmp_path / "key.pem", tmp_path / "run.json"
    mimas("report", "key", key)
    mimas("check", target, *ONE, "--report", run, "--sign", key)
    changed = json.loads(run.read_text())
    changed["verdict"] = "fail"
    run.write_text(json.dumps(changed))
    done = mimas("report", "verify", run)

    assert (done.exit_code, "changed after it was signed" in done.output) == (1, True)


def test_two_runs_are_compared(target: Path, tmp_path: Path) -> None:
    """What got worse ends with 1."""
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    mimas("check", target, *ONE, "--report", before)
    suite_output(tmp_path / "output.xml", "FAIL")
    mimas("check", target, *ONE, "--report", after)
    worse, better = mimas("report", "diff", before, after), mimas("report", "diff", after, before)

    assert (worse.exit_code, better.exit_code) == (1, 0)
    assert "imported.ngsi-ld-test-suite" in worse.stdout


def test_a_report_is_converted(target: Path, tmp_path: Path) -> None:
    """The JSON report holds all that the others need."""
    run = tmp_path / "run.json"
    mimas("check", target, *ONE, "--report", run)
    done = mimas("report", "convert", run, tmp_path / "x.xml", tmp_path / "x.svg")

    assert done.exit_code == 0
    assert (tmp_path / "x.svg").read_text().startswith("<svg")


def test_robot_output_can_be_given_with_the_command(target: Path, tmp_path: Path) -> None:
    """Without a word in the target."""
    target.write_text(target.read_text().replace("documents", "# documents"))
    done = mimas("check", target, *ONE, "--strict", "--robot", suite_output(tmp_path / "o.xml", "PASS"))

    assert done.exit_code == 0, done.output


def test_list_and_dry_run_send_nothing(target: Path) -> None:
    """The one names the checks, the other says what would run."""
    calls = []
    with serving(lambda received: calls.append(received) or Reply(200)) as url:
        target.write_text(f"product: {{name: x}}\ninterfaces: {{openapi-rest: {{url: '{url}'}}}}\n")
        listed, planned = mimas("check", target, "--list"), mimas("check", target, "--dry-run")

    assert (listed.exit_code, planned.exit_code, calls) == (0, 0, [])
    assert f"openapi-rest at {url}" in planned.stdout


def test_all_checks_are_listed_without_a_target() -> None:
    """For who wants to know what there is."""
    assert "imported.ngsi-ld-test-suite" in mimas("check", "--list").stdout


def test_a_bare_url_is_discovered_and_a_web_site_never_passes(tmp_path: Path) -> None:
    """A page for everything ends in a verdict that is no pass."""
    page = Reply(200, b"<html>\x1b[31m<script>alert(1)</script>", {"Content-Type": "text/html"})
    with serving(lambda _: page) as url:
        done = mimas("check", url, "--report", tmp_path / "run.json")

    assert done.exit_code in (1, 2)
    assert "\x1b" not in done.output
    assert "pass" not in {each["verdict"] for each in read_report(tmp_path / "run.json")["checks"]}


def test_target_init_writes_a_first_draft(tmp_path: Path) -> None:
    """And never over a file that is there."""
    path = tmp_path / "target.yaml"
    types = Reply(200, b"[]", {"Content-Type": "application/json"})
    with serving(lambda r: types if r.path == "/ngsi-ld/v1/types" else Reply(404)) as url:
        first, second = (mimas("target", "init", url, "-o", path) for _ in range(2))
    shown = mimas("target", "show", path)

    assert (first.exit_code, second.exit_code, shown.exit_code) == (0, 1, 0)
    assert f"ngsi-ld          {url}" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("list", "--mim", "MIM6", "--level", "must"), "MIM6-R1.1 "),
        (("list", "--edition", "8.0"), "MIM"),
        (("show", "MIM0-R1.1"), "How it is tested"),
        (("crosswalk",), "| MIM0-R1.1 |"),
    ],
)
def test_requirements_are_shown(arguments: tuple[str, ...], says: str) -> None:
    """By MIM, level, edition, id."""
    done = mimas("requirements", *arguments)

    assert (done.exit_code, says in done.stdout) == (0, True)


def test_an_unknown_requirement_is_said() -> None:
    """With the way to the list."""
    assert "mimas requirements list" in mimas("requirements", "show", "MIM99").output


def base_install(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BASE_INSTALL, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_base_install_checks(target: Path, tmp_path: Path) -> None:
    """Without the server's packages; signing too."""
    run = tmp_path / "run.json"
    done = base_install("check", target, *ONE, "--strict", "--report", run, "--report", tmp_path / "run.html")
    signing = base_install("report", "key", tmp_path / "key.pem")

    assert (done.returncode, signing.returncode) == (0, 0), done.stderr + signing.stderr


def test_ctrl_c_removes_what_was_written(tmp_path: Path) -> None:
    """The run is broken off in the middle of writing, and the server is as empty as before."""
    things: set[str] = set()
    created: list[str] = []

    def broker(received: Received) -> Reply:
        path, json_type = received.path.partition("?")[0], {"Content-Type": "application/json"}
        if received.method == "POST" and path.endswith("/entities"):
            entity = json.loads(received.body)["id"]
            things.add(entity)
            created.append(entity)
            time.sleep(0.02)
            return Reply(201, headers={"Location": f"/ngsi-ld/v1/entities/{entity}"})
        if received.method == "DELETE":
            things.discard(path.rpartition("/")[2].replace("%3A", ":"))
            return Reply(204)
        return Reply(200, b"[]", json_type) if path == "/ngsi-ld/v1/types" else Reply(404, b"{}", json_type)

    with serving(broker) as url:
        path = tmp_path / "target.yaml"
        path.write_text(
            f"product: {{name: x}}\ninterfaces: {{ngsi-ld: {{url: '{url}'}}}}\nwrites: anything\n"
            "limits: {requests_per_second: 30}\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "mimas.platform.cli", "check", str(path), "--quiet"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=os.environ,
        )  # fmt: skip
        end = time.monotonic() + 60
        while len(created) < 3 and process.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)

    assert len(created) >= 3, said
    assert "what was written is being removed" in said
    assert things == set()
    assert process.returncode in (1, 2), said
