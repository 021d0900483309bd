"""Packed files that come from elsewhere: zip and gzip, unpacked with limits."""

from __future__ import annotations

import gzip
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from .source import SourceError

MAX_UNPACKED = 20 * 1024**3
MAX_MEMBERS = 10_000
_CHUNK = 1024 * 1024


def unpack(path: Path, folder: Path) -> list[Path]:
    """The files in a zip or gzip, unpacked under `folder`; of any other file the file itself."""
    if zipfile.is_zipfile(path):
        return list(_unzip(path, folder))
    if _begins_with(path, b"PK\x03\x04"):
        raise SourceError(f"{path.name} is a zip that breaks off: fetch or copy it again")
    if _begins_with(path, b"\x1f\x8b"):
        return [_gunzip(path, folder)]
    return [path]


def _unzip(path: Path, folder: Path) -> Iterator[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [each for each in archive.infolist() if not each.is_dir()]
            if len(members) > MAX_MEMBERS:
                raise SourceError(f"{path.name} holds more than {MAX_MEMBERS} files: unpack it yourself")
            left = MAX_UNPACKED
            for index, member in enumerate(members):
                # Names of members are not paths of ours; files that belong together stay together.
                target = folder / Path(member.filename.replace("\\", "/")).name
                if target.exists():
                    target = folder / str(index) / target.name
                    target.parent.mkdir()
                with archive.open(member) as packed:
                    left -= _copy(packed, target, left, path.name)
                yield target
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, OSError) as error:
        raise SourceError(f"{path.name} cannot be unpacked: {error}") from error


def _gunzip(path: Path, folder: Path) -> Path:
    target = folder / path.stem if path.suffix == ".gz" else folder / f"{path.name}.unpacked"
    try:
        with gzip.open(path) as packed:
            _copy(packed, target, MAX_UNPACKED, path.name)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"{path.name} cannot be unpacked: {error}") from error
    return target


def _copy(packed: IO[bytes] | gzip.GzipFile, target: Path, limit: int, name: str) -> int:
    """Write what comes, at most `limit` bytes: a small file may hold a very large one."""
    written = 0
    with target.open("wb") as unpacked:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            if written > limit:
                raise SourceError(f"{name} unpacks to more than {MAX_UNPACKED // 1024**3} GiB")
            unpacked.write(chunk)
    return written


def _begins_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def link_into(folder: Path, path: Path, name: str) -> Path:
    """The file under another name in `folder`: beside it libraries may write what they like."""
    target = folder / name
    if target.exists():
        folder = folder / str(len(list(folder.iterdir())))
        folder.mkdir()
        target = folder / name
    try:
        target.symlink_to(path.resolve())
    except OSError:
        shutil.copyfile(path, target)
    return target
