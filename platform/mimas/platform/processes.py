"""Facts about processes, users and ports of this machine."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
_started: list[subprocess.Popen[bytes]] = []  # kept: a service may outlive who started it


class Refused(Exception):
    """What was asked for cannot be done; the message tells a person why and what to do."""

    exit_code = 1


def is_root() -> bool:
    """Say whether this process may change users."""
    return os.geteuid() == 0


def service_user(directory: Path, preferred: str) -> str | None:
    """The user a service runs as: None (this one) unless this is root.

    As root it is the owner of the service's directory; before there is one, `preferred` or nobody.
    """
    if not is_root():
        return None
    if directory.exists() and directory.stat().st_uid != 0:
        return pwd.getpwuid(directory.stat().st_uid).pw_name
    for name in (preferred, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise Refused(f"A service must not run as root, and there is neither a user {preferred!r} nor 'nobody'.")


def is_alive(pid: int) -> bool:
    """Say whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in ("Z", "X")


def exists(pid: int) -> bool:
    """Say whether a process has this number, a zombie included; our own children are reaped first."""
    for process in _started:
        process.poll()
    return Path(f"/proc/{pid}").exists()


def works_in(directory: Path) -> bool:
    """Say whether a process that we may look at has this working directory."""
    for link in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if link.readlink() == directory:
                return True
    return False


def command_of(pid: int) -> list[str]:
    """The command line of a process; empty when there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def free_port(preferred: int | None = None, host: str = "127.0.0.1") -> int:
    """`preferred` when nobody listens there, else a free port."""
    for port in (preferred, 0):
        if port is None:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return int(probe.getsockname()[1])
    raise Refused(f"There is no free port on {host}.")


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Ask `condition` until it holds or the time is over; say whether it holds."""
    deadline = time.monotonic() + seconds
    pause = 0.005
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return True


def stop_process(pid: int, how: signal.Signals, seconds: float) -> bool:
    """Signal a process and wait for its end; False when it still runs after `seconds`."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, how)
    ended = wait_until(lambda: not is_alive(pid), seconds)
    _started[:] = [each for each in _started if each.poll() is None]  # reaped, and kept no longer
    return ended


def start_service(
    command: Sequence[str],
    *,
    user: str | None,
    output: IO[bytes],
    environment: Mapping[str, str] | None = None,
    end_with_parent: signal.Signals | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program of the distribution as `user`, in a session of its own.

    With `end_with_parent` the kernel sends it that signal when this process is gone; without, it stays.
    """
    prefix: list[str] = []
    setpriv = shutil.which("setpriv")
    if end_with_parent is not None and setpriv:
        prefix = [setpriv, "--pdeathsig", end_with_parent.name.removeprefix("SIG"), "--"]
    process = subprocess.Popen(  # noqa: S603 - programs found by `packages`, arguments of our own
        [*prefix, *command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        cwd="/",
        env=dict(os.environ if environment is None else environment),
        **as_user(user),
    )
    _started.append(process)
    return process


def as_user(user: str | None) -> dict[str, Any]:
    """The arguments of `subprocess` that make a child run as `user`."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def make_data_directory(path: Path) -> Path:
    """Make the data directory unless it is there; the users of the services may pass, not list it."""
    if not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o711 if is_root() else 0o700)
    return path


def own_directory(path: Path, user: str | None, *, mode: int = 0o700) -> Path:
    """Make a directory that belongs to `user`, and see that this user can get there."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(mode)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(path, entry.pw_uid, entry.pw_gid)
        _require_way(path, user)
    return path


def die_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent is gone, also when it was gone already."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def _require_way(path: Path, user: str) -> None:
    """Refuse a directory below one that `user` may not pass."""
    entry = pwd.getpwnam(user)
    for parent in path.resolve().parents:
        status = parent.stat()
        shift = 6 if status.st_uid == entry.pw_uid else 3 if status.st_gid == entry.pw_gid else 0
        if not status.st_mode >> shift & 1:
            raise Refused(
                f"The user {user!r}, as whom the service must run, may not pass {parent} to get to {path}. "
                f"Choose another data directory (MIMAS_DATA_DIR) or open it: chmod o+x {parent}"
            )
