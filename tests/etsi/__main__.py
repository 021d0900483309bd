"""The public NGSI-LD suite against Mimas: `make conformance-ngsi-ld`, with SUITE_SRC naming a clone of it.

Each category gets a platform of its own on an empty database. The script that runs it is the one in
`../shared` unless SUITE_RUNNER names another; arguments are categories, all of them without any.
SUITE_DEFAULTS=1 leaves the settings that the suite asks for as they are by default.
"""

from __future__ import annotations

import csv
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RUNNER = Path(os.environ.get("SUITE_RUNNER", ROOT.parent / "shared/tools/etsi/run_suite.sh"))
CONTEXT = "ContextInformation"
CATEGORIES = (
    "CommonBehaviours",
    f"{CONTEXT}/Consumption/Discovery",
    f"{CONTEXT}/Consumption/Entity",
    f"{CONTEXT}/Consumption/TemporalEntity",
    f"{CONTEXT}/EntityMap",
    f"{CONTEXT}/Provision/BatchEntities",
    f"{CONTEXT}/Provision/Entities",
    f"{CONTEXT}/Provision/EntityAttributes",
    f"{CONTEXT}/Provision/PurgeEntities",
    f"{CONTEXT}/Provision/TemporalEntity",
    f"{CONTEXT}/Provision/TemporalEntityAttributes",
    f"{CONTEXT}/Provision/TransientEntities",
    f"{CONTEXT}/Snapshot",
    f"{CONTEXT}/Subscription",
    "jsonldContext",
)
# Its endpoints and contexts are on this machine.
SETTINGS = {"MIMAS_OUTBOUND_ALLOW": "127.0.0.1,localhost", "MIMAS_MQTT_PORT": "0"}
# The suite pages after ten instances and asserts another unit than the standard (docs/conformance.md).
if not os.environ.get("SUITE_DEFAULTS"):
    SETTINGS |= {"MIMAS_TEMPORAL_INSTANCES": "10", "MIMAS_RANGE_UNIT": "date-time"}


def main(categories: list[str]) -> int:
    """Run the categories, print the table of the docs, and every test that failed."""
    if not os.environ.get("SUITE_SRC") or not RUNNER.exists():
        print("Set SUITE_SRC to a clone of the public suite, and SUITE_RUNNER to the script that runs it.")
        return 2
    rows: list[dict[str, str]] = []
    for category in categories or CATEGORIES:
        print(f"{category} ...", file=sys.stderr, flush=True)
        rows += run(category)
    report(rows)
    return 0


def run(category: str) -> list[dict[str, str]]:
    """The results of one category against a fresh platform."""
    with tempfile.TemporaryDirectory(prefix="mimas-etsi-") as folder:
        directory = Path(folder)
        directory.chmod(0o755)
        with platform(directory / "data") as url:
            environment = {**os.environ, "OUT": str(directory / "out")}
            subprocess.run(
                ["bash", str(RUNNER), url, category], env=environment, stdout=sys.stderr, check=False
            )
        with (directory / "out" / "tests.csv").open() as file:
            return list(csv.DictReader(file))


@contextmanager
def platform(data: Path) -> Iterator[str]:
    """`mimas up` on an empty data directory and a free port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {**os.environ, **SETTINGS, "MIMAS_DATA_DIR": str(data), "MIMAS_PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "mimas.platform.cli", "up"], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_until_ready(url, process)
        yield url
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until /health/ready answers; a platform that ends first is an error."""
    for _ in range(600):
        if process.poll() is not None:
            raise SystemExit(f"mimas up ended with {process.returncode}")
        try:
            urllib.request.urlopen(f"{url}/health/ready", timeout=2).close()
            return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("mimas up did not become ready")


def report(rows: list[dict[str, str]]) -> None:
    """The score by category as a Markdown table, then what failed."""
    print("| category | passed | failed |\n|---|---|---|")
    for category in dict.fromkeys(row["category"] for row in rows):
        statuses = [row["status"] for row in rows if row["category"] == category]
        passed = statuses.count("PASS")
        print(f"| {category.removeprefix(CONTEXT + '/')} | {passed} | {len(statuses) - passed} |")
    passed = sum(row["status"] == "PASS" for row in rows)
    share = 100 * passed / max(len(rows), 1)
    print(f"| **sum** | **{passed} of {len(rows)} ({share:.1f} %)** | **{len(rows) - passed}** |\n")
    for row in rows:
        if row["status"] != "PASS":
            print(f"{row['test']}: {row['message']}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
