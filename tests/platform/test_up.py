"""`mimas up`, as a program on real services: what it survives and what it leaves behind."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from mimas.platform.packages import find_mosquitto, find_postgres
from mimas.platform.postgres import PrivatePostgres
from mimas.platform.processes import is_alive, wait_until

pytestmark = [
    pytest.mark.fault,
    pytest.mark.xdist_group("up"),
    pytest.mark.skipif(find_postgres() is None or find_mosquitto() is None, reason="no services"),
]

ENTITY = {"id": "urn:ngsi-ld:Thing:1", "type": "Thing", "n": {"type": "Property", "value": 1}}


def mimas(platform: Any, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run another `mimas` on the same data directory."""
    return subprocess.run(
        [sys.executable, "-m", "mimas.platform.cli", *arguments],
        env={**platform.environment, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_says_where_it_answers_and_how_long_it_took(up: Any) -> None:
    """The banner has the addresses."""
    log = up.log()

    assert "Mimas is ready after" in log
    assert f"{up.url}/ngsi-ld/v1" in log


def test_an_entity_goes_in_and_comes_out(up: Any) -> None:
    """The whole stack works together."""
    created = httpx.post(f"{up.url}/ngsi-ld/v1/entities", json=ENTITY)
    found = httpx.get(f"{up.url}/ngsi-ld/v1/entities/{ENTITY['id']}")

    assert (created.status_code, found.json()) == (201, ENTITY)


def test_a_second_up_is_refused(up: Any) -> None:
    """The message names the process and the address of the first."""
    second = mimas(up, "up", "--port", "0")

    assert second.returncode == 1
    assert f"process {up.process.pid}, at {up.url}" in second.stderr


def test_a_taken_port_is_told(up: Any, data_dir: Path) -> None:
    """Another data directory on the same port: a line, not a trace."""
    second = mimas(up, "up", "--port", str(up.port), MIMAS_DATA_DIR=str(data_dir))

    assert second.returncode == 1
    assert "somebody listens there already" in second.stderr
    assert "Traceback" not in second.stderr


def test_status_says_what_runs(up: Any) -> None:
    """`mimas status` finds all of it and ends with 0."""
    status = mimas(up, "status")

    assert status.returncode == 0, status.stdout + status.stderr
    assert all(f"{name} ready" in " ".join(status.stdout.split()) for name in ("postgresql", "mqtt"))


def test_it_refuses_to_listen_elsewhere_without_a_token(up: Any) -> None:
    """Nobody but this machine is served before there is a token, and the message says how to make one."""
    directory = Path(f"{up.data_dir}-elsewhere")
    arguments = ("serve", "--host", "0.0.0.0", "--port", "0")
    served = mimas(
        up,
        *arguments,
        MIMAS_DATA_DIR=str(directory),
        MIMAS_DATABASE_URL=mimas(up, "db", "status").stdout.split()[-1],
    )
    shutil.rmtree(directory, ignore_errors=True)

    assert served.returncode == 1
    assert "mimas token create" in served.stderr


@pytest.mark.parametrize("text", ["mimas.platform.worker", "postgres -D", "mosquitto -c"])
def test_a_killed_part_comes_back(up: Any, text: str) -> None:
    """kill -9 of a worker, of PostgreSQL or of Mosquitto: it is started again and requests are served."""
    before = up.pid_of(text)
    os.kill(before, signal.SIGKILL)
    assert wait_until(lambda: not is_alive(before), 5)
    came_back = wait_until(lambda: any(text in c for p, c in up.children().items() if p != before), 20)

    assert came_back
    assert wait_until(up.is_ready, 20), up.log()
    assert "killed by SIGKILL" in up.log()


def test_requests_while_postgresql_is_away_get_503(up: Any) -> None:
    """No request hangs or fails with 500, and the API recovers by itself."""
    os.kill(up.pid_of("postgres -D"), signal.SIGKILL)
    statuses = set()

    def is_back() -> bool:
        statuses.add(httpx.get(f"{up.url}/ngsi-ld/v1/entities?type=Thing", timeout=20).status_code)
        return 200 in statuses and up.is_ready()

    assert wait_until(is_back, 30)
    assert statuses <= {200, 503}


def test_metrics_count_all_workers(up: Any) -> None:
    """Whichever worker answers, the counts are those of the platform."""
    for _ in range(20):
        httpx.get(f"{up.url}/ngsi-ld/v1/types")
    lines = httpx.get(f"{up.url}/metrics").text.splitlines()
    counts = [
        float(line.split()[-1]) for line in lines if line.startswith('mimas_http_requests_total{method="GET"')
    ]

    assert sum(counts) >= 20


def test_ctrl_c_leaves_nothing_behind(start: Any) -> None:
    """Everything stops, cleanly, and the exit code says so."""
    platform = start()
    processes = list(platform.children())
    platform.process.send_signal(signal.SIGINT)
    code = platform.process.wait(30)

    assert code == 0
    assert [pid for pid in processes if is_alive(pid)] == []
    assert "part killed" not in platform.log()


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_works(start: Any) -> None:
    """kill -9 of `mimas up` itself takes everything along; the next one finds all that was committed."""
    platform = start()
    httpx.post(f"{platform.url}/ngsi-ld/v1/entities", json=ENTITY).raise_for_status()
    processes = list(platform.children())
    platform.process.kill()
    platform.process.wait(10)
    assert wait_until(lambda: not any(is_alive(pid) for pid in processes), 20)
    again = start(data_dir=platform.data_dir, port=platform.port)

    assert httpx.get(f"{again.url}/ngsi-ld/v1/entities/{ENTITY['id']}").status_code == 200


def test_given_services_replace_the_private_ones(start: Any, database_url: str, mqtt_url: str) -> None:
    """MIMAS_DATABASE_URL and MIMAS_MQTT_URL: nothing private is started or made."""
    platform = start(MIMAS_DATABASE_URL=database_url, MIMAS_MQTT_URL=mqtt_url)
    private = [c for c in platform.children().values() if "postgres -D" in c or "mosquitto" in c]

    assert platform.is_ready()
    assert private == []
    assert {path.name for path in platform.data_dir.iterdir()} == {"lock", "metrics"}


def test_with_a_token_it_listens_elsewhere_and_asks_for_it(
    start: Any, database_url: str, mqtt_url: str, data_dir: Path
) -> None:
    """The first token opens the door and guards it."""
    services = {"MIMAS_DATABASE_URL": database_url, "MIMAS_MQTT_URL": mqtt_url}
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("MIMAS_")
    } | services
    made = subprocess.run(
        [sys.executable, "-m", "mimas.platform.cli", "token", "create", "door"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    platform = start("--host", "0.0.0.0", data_dir=data_dir, **services)
    types = f"{platform.url}/ngsi-ld/v1/types"
    without = httpx.get(types)
    given = httpx.get(types, headers={"Authorization": f"Bearer {made.stdout.strip()}"})

    assert (without.status_code, given.status_code) == (401, 200)


def test_a_database_that_ran_before_goes_on_running(start: Any, data_dir: Path) -> None:
    """`mimas up` uses what `mimas db start` started, and leaves it to `mimas db stop`."""
    server = PrivatePostgres(data_dir)
    server.start()
    before = server.status()
    platform = start(data_dir=data_dir)
    platform.process.send_signal(signal.SIGINT)
    platform.process.wait(30)
    after = server.status()
    server.stop()

    assert before is not None
    assert before == after
