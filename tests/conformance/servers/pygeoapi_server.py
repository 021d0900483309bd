"""pygeoapi as a process of its own, serving the town."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from mimas.platform.processes import free_port, wait_until

from .town import AREA, PARKS, TREES, Feature

EPSG = "http://www.opengis.net/def/crs/EPSG/0"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_MAIN = """
import sys
from pathlib import Path
from pygeoapi.openapi import get_oas
from pygeoapi.util import yaml_load
import os, json
config = yaml_load(Path(os.environ["PYGEOAPI_CONFIG"]).open())
Path(os.environ["PYGEOAPI_OPENAPI"]).write_text(json.dumps(get_oas(config, fail_on_invalid_collection=True)))
from pygeoapi.flask_app import APP
from werkzeug.serving import run_simple
run_simple("127.0.0.1", int(sys.argv[1]), APP, threaded=True)
"""


@contextmanager
def pygeoapi(folder: Path) -> Iterator[str]:
    """A pygeoapi with trees, parks and two models; gives its base URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = folder / "pygeoapi.yml"
    config.write_text(yaml.safe_dump(_configuration(folder, url)))
    environment = {
        **os.environ,
        "PYGEOAPI_CONFIG": str(config),
        "PYGEOAPI_OPENAPI": str(folder / "openapi.json"),
        "PYTHONPATH": str(Path(__file__).parent),
    }
    with (folder / "pygeoapi.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _MAIN, str(port)], env=environment, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        ready = wait_until(lambda: process.poll() is not None or _answers(url), 60)
        assert ready and process.poll() is None, (folder / "pygeoapi.log").read_text()
        yield url
    finally:
        process.terminate()
        process.wait(20)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _configuration(folder: Path, url: str) -> dict[str, Any]:
    text = {"en": "The town"}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": 0},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en"],
            "pretty_print": False,
            "limits": {"default_items": 10, "max_items": 50},
            "map": {"url": "https://tile.example/{z}/{x}/{y}.png", "attribution": "none"},
            "manager": {
                "name": "TinyDB",
                "connection": str(folder / "jobs.db"),
                "output_dir": str(folder),
            },
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": text,
                "description": text,
                "keywords": {"en": ["town"]},
                "keywords_type": "theme",
                "terms_of_service": "https://creativecommons.org/licenses/by/4.0/",
                "url": "https://town.example",
            },
            "license": {"name": "CC-BY 4.0", "url": "https://creativecommons.org/licenses/by/4.0/"},
            "provider": {"name": "Town", "url": "https://town.example"},
            "contact": {"name": "Data office"},
        },
        "resources": {
            "trees": _collection(folder, "trees", TREES, "planted"),
            "parks": _collection(folder, "parks", PARKS, "opened"),
            "runoff": {"type": "process", "processor": {"name": "twin_processes.RunoffProcessor"}},
            "depth": {"type": "process", "processor": {"name": "twin_processes.DepthProcessor"}},
        },
    }


def _collection(folder: Path, name: str, features: list[Feature], time: str) -> dict[str, Any]:
    data = folder / f"{name}.db"
    data.write_text(json.dumps({"_default": {str(n): each for n, each in enumerate(features, 1)}}))
    return {
        "type": "collection",
        "title": {"en": f"The {name} of the town"},
        "description": {"en": f"All {name}"},
        "keywords": {"en": [name]},
        "links": [
            {
                "type": "text/html",
                "rel": "canonical",
                "title": "about",
                "href": "https://town.example/data",
                "hreflang": "en",
            }
        ],
        "extents": {
            "spatial": {"bbox": list(AREA), "crs": CRS84},
            "temporal": {"begin": None, "end": None},
        },
        "providers": [
            {
                "type": "feature",
                "name": "TinyDB",
                "data": str(data),
                "id_field": "id",
                "time_field": time,
                "editable": True,
                "crs": [CRS84, f"{EPSG}/4326", f"{EPSG}/5514", f"{EPSG}/3857"],
                "storage_crs": CRS84,
            }
        ],
    }
