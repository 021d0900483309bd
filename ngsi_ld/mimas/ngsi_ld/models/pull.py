"""Fetch the pinned model files into a directory; what is there and right is not fetched again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from .pins import Pin, pins

Fetch = Callable[[str], bytes]
"""Return the bytes at an address; raises OSError when they cannot be had."""


class PullError(Exception):
    """The set could not be completed; what was fetched stays, and a further pull goes on from there."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One file of the set that is now in place; `fetched` is false when it was there already."""

    pin: Pin
    fetched: bool


def pull(directory: Path, fetch: Fetch) -> Iterator[Pulled]:
    """Bring the pinned set into `directory`, file by file, each checked against its checksum."""
    missing = []
    for pin in pins():
        if is_present(directory, pin):
            yield Pulled(pin, fetched=False)
        else:
            missing.append(pin)
    with ThreadPoolExecutor(max_workers=4) as pool:
        for some in _in_groups(missing, 8):
            for pin, content in zip(
                some, pool.map(lambda pin: _fetch_checked(pin, fetch), some), strict=True
            ):
                _keep(directory / pin.local_path, content)
                yield Pulled(pin, fetched=True)


def is_present(directory: Path, pin: Pin) -> bool:
    """Whether the file is in the directory and is what was pinned."""
    path = directory / pin.local_path
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == pin.sha256


def _in_groups(all_pins: list[Pin], size: int) -> Iterator[list[Pin]]:
    for start in range(0, len(all_pins), size):
        yield all_pins[start : start + size]


def _fetch_checked(pin: Pin, fetch: Fetch) -> bytes:
    try:
        content = fetch(pin.address)
    except OSError as error:
        raise PullError(f"{pin.address} cannot be had: {error}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != pin.sha256:
        raise PullError(f"{pin.address} is not what was pinned: sha256 {found}, expected {pin.sha256}")
    return content


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    part.replace(path)
