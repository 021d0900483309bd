"""Real feature services for the tests: pygeoapi as a program, MapServer behind a small CGI server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from mimas.platform.processes import free_port, wait_until

MAPSERV = shutil.which("mapserv")


@contextmanager
def running_pygeoapi(folder: Path, collections: dict[str, Path], time_field: str) -> Iterator[str]:
    """pygeoapi over TinyDB files (a list of GeoJSON features each), which can filter by box and time."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config = folder / "pygeoapi.yaml"
    config.write_text(yaml.safe_dump(_configuration(url, port, collections, time_field)))
    (folder / "openapi.yaml").write_text("openapi: 3.0.2\ninfo: {title: t, version: '1'}\npaths: {}\n")
    environment = os.environ | {
        "PYGEOAPI_CONFIG": str(config),
        "PYGEOAPI_OPENAPI": str(folder / "openapi.yaml"),
    }
    code = f"from pygeoapi.flask_app import APP; APP.run('127.0.0.1', {port}, threaded=True)"
    log = (folder / "pygeoapi.log").open("wb")
    with (
        log,
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            if not wait_until(lambda: _answers(url), 30):
                pytest.fail((folder / "pygeoapi.log").read_text(), pytrace=False)
            yield url
        finally:
            server.terminate()


def _configuration(url: str, port: int, collections: dict[str, Path], time_field: str) -> dict[str, Any]:
    texts = {"title": "Town", "description": "Town", "keywords": ["town"]}
    people = {"name": "Town", "url": "https://example.org"}
    box = {"bbox": [-180, -90, 180, 90], "crs": "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": url,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 50},
            "map": {"url": "https://example.org/{z}/{x}/{y}.png", "attribution": "none"},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": texts | {"keywords_type": "theme", "terms_of_service": "", "url": url},
            "license": {"name": "CC0", "url": "https://example.org"},
            "provider": people,
            "contact": people | {"email": "town@example.org"},
        },
        "resources": {
            name: texts
            | {
                "type": "collection",
                "links": [],
                "extents": {"spatial": box},
                "providers": [
                    {
                        "type": "feature",
                        "name": "TinyDB",
                        "data": str(path),
                        "id_field": "externalId",
                        "time_field": time_field,
                    }
                ],
            }
            for name, path in collections.items()
        },
    }


def write_tinydb(path: Path, features: list[dict[str, Any]]) -> Path:
    """The file of a collection."""
    table = {str(number): feature for number, feature in enumerate(features, 1)}
    path.write_text(json.dumps({"_default": table}))
    return path


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/conformance", params={"f": "json"}, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def running_mapserver(folder: Path, mapfile: str) -> Iterator[str]:
    """MapServer (Debian's mapserver-bin) with this map; `{url}` in it is where it answers."""
    if MAPSERV is None:
        pytest.fail("no mapserv: install mapserver-bin, or run with MIMAS_TEST_INSTALL=1", pytrace=False)
    config = folder / "mapserver.conf"
    config.write_text('CONFIG\nENV\nMS_MAP_PATTERN "."\nEND\nEND\n')

    class Cgi(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            environment = {
                "PATH": os.environ["PATH"],
                "REQUEST_METHOD": "GET",
                "QUERY_STRING": self.path.partition("?")[2],
                "SCRIPT_NAME": "/",
                "MS_MAPFILE": str(folder / "town.map"),
                "MAPSERVER_CONFIG_FILE": str(config),
            }
            output = subprocess.run([str(MAPSERV)], env=environment, capture_output=True, check=False).stdout
            head, _, body = output.partition(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Cgi)
    url = f"http://127.0.0.1:{server.server_port}/"
    (folder / "town.map").write_text(mapfile.replace("{url}", url).replace("{folder}", str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield url
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
