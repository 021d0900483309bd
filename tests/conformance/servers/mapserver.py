"""MapServer (Debian's mapserver-bin) as a WFS, run as CGI behind a small HTTP server."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.testing import serving

from .town import AREA, PARKS, TREES, Feature, collection

_MAP = """MAP
  NAME "town"
  EXTENT {extent}
  PROJECTION "init=epsg:4326" END
  WEB
    METADATA
      "ows_title" "The town"
      "ows_onlineresource" "{url}/wfs"
      "ows_srs" "EPSG:4326 EPSG:3857 EPSG:5514"
      "ows_enable_request" "*"
      "ows_fees" "none"
      "ows_accessconstraints" "none"
      "wfs_maxfeatures" "100"
    END
  END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json; subtype=geojson"
    FORMATOPTION "STORAGE=stream"
    FORMATOPTION "FORM=SIMPLE"
    FORMATOPTION "LCO:NATIVE_MEDIA_TYPE=application/vnd.geo+json"
  END
{layers}
END
"""
_LAYER = """  LAYER
    NAME "{name}"
    TYPE {kind}
    STATUS ON
    EXTENT {extent}
    CONNECTIONTYPE OGR
    CONNECTION "{path}"
    DATA "{name}"
    PROJECTION "init=epsg:4326" END
    METADATA
      "wfs_title" "{name}"
      "wfs_srs" "EPSG:4326 EPSG:3857 EPSG:5514"
      "gml_include_items" "all"
      "gml_featureid" "key"
      "wfs_getfeature_formatlist" "gml,geojson"
      "wfs_enable_request" "*"
      "gml_types" "auto"
    END
  END
"""


def program() -> str | None:
    """Where mapserv is; None when it is not installed."""
    return shutil.which("mapserv")


@contextmanager
def mapserver(folder: Path) -> Iterator[str]:
    """A WFS with trees and parks; gives the URL of the service."""
    place = program()
    assert place is not None
    path = folder / "town.map"
    known: dict[tuple[str, str], Reply] = {}  # a program start takes long, and its data do not change

    def answer(received: Received) -> Reply:
        key = (received.path, received.headers["host"])
        if key not in known:
            known[key] = _run(place, path, received)
        return known[key]

    with serving(answer) as url:
        layers = _layer(folder, "trees", TREES, "POINT") + _layer(folder, "parks", PARKS, "POLYGON")
        path.write_text(_MAP.format(url=url, extent=" ".join(map(str, AREA)), layers=layers))
        (folder / "mapserver.conf").write_text('CONFIG\n ENV\n MS_MAP_PATTERN "."\n END\nEND\n')
        yield f"{url}/wfs"


def _layer(folder: Path, name: str, features: list[Feature], kind: str) -> str:
    path = folder / f"{name}.geojson"
    keyed = [
        {**each, "properties": {"key": _key(each), "uri": each["id"], **each["properties"]}}
        for each in features
    ]
    path.write_text(json.dumps({**collection(keyed), "name": name}))
    return _LAYER.format(name=name, kind=kind, path=path, extent=" ".join(map(str, AREA)))


def _key(feature: Feature) -> str:
    return "-".join(str(feature["id"]).lower().split(":")[2:])


def _run(place: str, path: Path, received: Received) -> Reply:
    """One request as CGI (RFC 3875)."""
    target = urlsplit(received.path)
    if target.path != "/wfs":
        return Reply(404, b"Not found", {"Content-Type": "text/plain"})
    host, _, port = received.headers["host"].partition(":")
    environment = {
        **os.environ,
        "GATEWAY_INTERFACE": "CGI/1.1",
        "MAPSERVER_CONFIG_FILE": str(path.parent / "mapserver.conf"),
        "MS_MAPFILE": str(path),
        "REQUEST_METHOD": received.method,
        "QUERY_STRING": target.query,
        "CONTENT_TYPE": received.headers.get("content-type", ""),
        "CONTENT_LENGTH": str(len(received.body)),
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SCRIPT_NAME": "/wfs",
    }
    done = subprocess.run([place], env=environment, input=received.body, capture_output=True, check=False)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = {
        name.strip(): value.strip()
        for name, colon, value in (line.partition(":") for line in head.decode("latin-1").splitlines())
        if colon
    }
    status = int(headers.pop("Status", "200").split()[0])
    return Reply(status, body, headers)
