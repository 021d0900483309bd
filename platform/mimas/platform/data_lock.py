"""One platform a data directory: a lock that names its holder, and goes when the holder is gone."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self

from .processes import Refused, make_data_directory


@dataclass(frozen=True, slots=True)
class Holder:
    """Who runs on a data directory, and where it answers."""

    pid: int
    url: str


class DataLock:
    """Held while the platform runs; the kernel frees it even after kill -9."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        try:
            make_data_directory(self._path.parent)
            self._file = self._path.open("a+")
        except OSError as error:
            raise Refused(
                f"The data directory {self._path.parent} cannot be used: {error.strerror}. "
                "Choose another with MIMAS_DATA_DIR or --data-dir."
            ) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = read_holder(self._path.parent)
            who = f"process {holder.pid}, at {holder.url}" if holder else "another process"
            raise Refused(
                f"Mimas runs already on {self._path.parent}: {who}. "
                "Stop it first, or choose another directory with --data-dir."
            ) from None
        self.write("starting")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()

    def write(self, url: str) -> None:
        """Say who holds it and where."""
        assert self._file is not None
        self._file.truncate(0)
        self._file.write(json.dumps(asdict(Holder(os.getpid(), url))))
        self._file.flush()


def read_holder(data_dir: Path) -> Holder | None:
    """Who runs on a data directory, None when nobody does."""
    path = data_dir / "lock"
    try:
        with path.open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Holder(**json.loads(file.read()))
    except (OSError, ValueError, TypeError):
        return None
    return None
