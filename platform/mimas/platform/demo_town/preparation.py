"""What has to be there before the town is played: its files, and its sources with the ports of this run."""

from __future__ import annotations

import json
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from string import Template

from .files import write_buildings

SOURCES = Path(__file__).parent / "sources"
PORTS = "ports.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the town's servers listen, on loopback."""

    web: int
    modbus: int


def prepare(folder: Path) -> Path:
    """Write files and sources into `folder`; gives the folder of the sources."""
    ports = _choose(folder / PORTS)
    files, sources = folder / "files", folder / "sources"
    for each in (files, sources):
        each.mkdir(parents=True, exist_ok=True)
    buildings = files / "buildings.gpkg"
    if not buildings.is_file():
        write_buildings(buildings)
    (folder / PORTS).write_text(json.dumps(asdict(ports)))
    for path in sorted(SOURCES.glob("*.yaml")):
        text = Template(path.read_text("utf-8")).substitute(asdict(ports))
        (sources / path.name).write_text(text, encoding="utf-8")
    return sources


def read_ports(folder: Path) -> Ports:
    """The ports that `prepare` has chosen."""
    return Ports(**json.loads((folder / PORTS).read_text()))


def _choose(kept: Path) -> Ports:
    """The ports of the last run, as sources know their records by URL; others where those are taken."""
    known = json.loads(kept.read_text()) if kept.is_file() else {}
    web = _free(known.get("web", 0))
    return Ports(web, _free(known.get("modbus", 0), web))


def _free(wanted: int, other: int = 0) -> int:
    for port in (wanted, 0, 0):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            found: int = trial.getsockname()[1]
            if found != other:
                return found
    raise OSError("no free port on loopback")
