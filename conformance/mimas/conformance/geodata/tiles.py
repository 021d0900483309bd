"""Map tiles and 3D: whether a body is what its media type says, without drawing it."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping

import orjson

from ..verdicts import Failure
from .files import read_dataset

MOST_UNPACKED = 20_000_000
CITY_JSON = "application/city+json"
TILES_3D = "application/json+3dtiles"
_PNG = b"\x89PNG\r\n\x1a\n"


def expect_tile(media_type: str, body: bytes) -> bool:
    """Whether a tile of this kind can be read here; Failure when it is not what its media type says."""
    read = _TILES.get(media_type)
    if read is None:
        return False
    read(body)
    return True


def expect_3d(media_type: str, body: bytes) -> bool:
    """Whether 3D of this kind can be read here; Failure when it is not what its media type says."""
    if media_type == CITY_JSON:
        read_dataset("What is linked", "CityJSON", body)
    elif media_type == TILES_3D:
        _expect_tileset(body)
    return media_type in (CITY_JSON, TILES_3D)


def kind_of_3d(url: str) -> str | None:
    """The media type of 3D by the end of an address; None for anything else."""
    path = url.partition("?")[0].lower()
    if path.endswith((".city.json", ".cityjson")):
        return CITY_JSON
    return TILES_3D if path.endswith("/tileset.json") else None


def _expect_png(body: bytes) -> None:
    if not body.startswith(_PNG) or b"IEND" not in body[-16:]:
        raise Failure("The tile is called PNG and is none, or only its beginning.")


def _expect_jpeg(body: bytes) -> None:
    if not body.startswith(b"\xff\xd8\xff") or not body.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise Failure("The tile is called JPEG and is none, or only its beginning.")


def _expect_vector(body: bytes) -> None:
    """A vector tile (Mapbox Vector Tile 2.1): layers that have a name; an empty one is a tile, too."""
    try:
        for number, layer in _fields(_unpacked(body)):
            if number == 3 and not any(each == 1 and name for each, name in _fields(layer)):
                raise Failure("A layer of the vector tile has no name.", mend="Name each layer.")
            if number != 3 and number < 16:
                raise Failure(f"The vector tile has a field {number}, and only 3, layers, is known.")
    except (IndexError, ValueError, zlib.error) as error:
        raise Failure(f"The tile is called a vector tile and cannot be read: {error}.") from error


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(b"\x1f\x8b"):
        return body
    return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, MOST_UNPACKED)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a message of protocol buffers; ValueError or IndexError when it is none."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        kind = key & 7
        if kind == 0:
            start = at
            _, at = _varint(message, at)
            yield key >> 3, message[start:at]
            continue
        size = {1: 8, 5: 4}.get(kind)
        if kind == 2:
            size, at = _varint(message, at)
        if size is None or at + size > len(message):
            raise ValueError("a field is of no known kind, or longer than the tile")
        yield key >> 3, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise ValueError("a number has no end")


def _expect_tileset(body: bytes) -> None:
    """A tileset of 3D Tiles (OGC 22-025r4): asset with version, geometricError, root with a volume."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Failure("The tileset of 3D Tiles is not JSON.") from error
    asset, root, error_ = (
        value.get(each) if isinstance(value, dict) else None for each in ("asset", "root", "geometricError")
    )
    if not isinstance(asset, dict) or not asset.get("version"):
        raise Failure("The tileset of 3D Tiles has no `asset` with a version.")
    if not isinstance(error_, int | float) or not math.isfinite(error_):
        raise Failure("The tileset of 3D Tiles has no `geometricError`.")
    if not isinstance(root, dict) or not isinstance(root.get("boundingVolume"), dict):
        raise Failure("The tileset of 3D Tiles has no `root` with a `boundingVolume`.")


_TILES: Mapping[str, Callable[[bytes], None]] = {
    "image/png": _expect_png,
    "image/jpeg": _expect_jpeg,
    "application/vnd.mapbox-vector-tile": _expect_vector,
    "application/vnd.mapbox.vector-tile": _expect_vector,
    "application/x-protobuf": _expect_vector,
}
