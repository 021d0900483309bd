"""What `mimas up` needs: time until it answers, memory when nothing happens."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mimas.platform.processes import free_port, wait_until

from . import load
from .bench import Bench
from .measurement import Figure, Floor, measurement

SOURCE = "description: Meters\nuse: json-meter\nenabled: true\n"
IDLE_SECONDS = 10


@measurement("stack")
def start_and_memory(bench: Bench) -> list[Figure]:
    """Start on an existing data directory, and memory of all processes but PostgreSQL when idle."""
    data = Path(tempfile.mkdtemp(dir=bench.directory, prefix="stack-"))
    data.chmod(0o711)
    sources = data / "sources"
    sources.mkdir()
    (sources / "meters.yaml").write_text(SOURCE)
    with _up(data, sources) as (seconds, _):
        bench.say(f"first start, with a new database: {seconds:.1f} s")
    starts = []
    for number in range(bench.rounds):
        with _up(data, sources) as (seconds, pid):
            starts.append(seconds)
            bench.say(f"start {number + 1}: {seconds:.1f} s")
            if number == bench.rounds - 1:
                time.sleep(IDLE_SECONDS)
                memory = _memory(bench, pid)
    return [
        Figure("start of the whole stack", min(starts), "s", floor=Floor("figure", "at most", 5)),
        Figure("idle memory without PostgreSQL", memory, "MB", floor=Floor("figure", "at most", 300)),
    ]


@contextmanager
def _up(data: Path, sources: Path) -> Iterator[tuple[float, int]]:
    """A whole stack, with the seconds until it was ready."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MIMAS_")}
    settings = {"MIMAS_DATA_DIR": str(data), "MIMAS_MQTT_PORT": "0", "MIMAS_ADAPTERS": str(sources)}
    with (data / "output.log").open("w") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "mimas.platform.cli", "up", "--port", str(port)],
            env=kept | settings,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until(lambda: _is_ready(port) or process.poll() is not None, 60)
        seconds = time.perf_counter() - started
        if process.poll() is not None:
            raise RuntimeError(f"mimas up ended: {(data / 'output.log').read_text()}")
        yield seconds, process.pid
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def _is_ready(port: int) -> bool:
    try:
        load.get(port, "/health/ready")
    except (OSError, RuntimeError):
        return False
    return True


def _memory(bench: Bench, pid: int) -> float:
    """Megabytes: each process' own memory and its share of what it shares."""
    total = 0.0
    for each in [pid, *_descendants(pid)]:
        command = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        if "postgres" in command:
            continue
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        size = sum(int(found) for found in re.findall(r"^Pss:\s+(\d+) kB", rollup, re.MULTILINE)) / 1024
        bench.say(f"{size:6.1f} MB  {command[-60:]}")
        total += size
    return total


def _descendants(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from _descendants(int(child))
