"""The programs of the distribution that Mimas runs: find them, or get them with its own package tools.

As root a missing package is installed by apt-get. Otherwise packages are unpacked below the user's cache,
with a library path of their own; nothing of the system changes.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .processes import Refused, is_root

Progress = Callable[[str], None]

MINIMUM_POSTGRESQL = 14
_POSTGIS = re.compile(r"^postgresql-(\d+)-postgis-(\d+)$", re.MULTILINE)
_ADVICE = (
    "Install PostgreSQL with PostGIS and Mosquitto (Debian: apt-get install postgresql-postgis mosquitto), "
    "or name running ones with MIMAS_DATABASE_URL and MIMAS_MQTT_URL."
)


@dataclass(frozen=True, slots=True)
class Programs:
    """A directory of programs and the environment they need."""

    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    version: int = 0

    def command(self, name: str) -> str:
        """The path of one program."""
        return str(self.directory / name)

    def full_environment(self) -> dict[str, str]:
        """This process's environment without settings, which may hold secrets, and what the programs need."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MIMAS_", "PG"))}
        return kept | dict(self.environment)


def cache_directory() -> Path:
    """Where packages are unpacked."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "mimas" / "packages"


def find_postgres(version: int | None = None) -> Programs | None:
    """PostgreSQL with PostGIS, the newest there is or the one of `version`."""
    found = [
        programs
        for root, environment in _roots()
        for programs in _postgres_below(root, environment)
        if programs.version >= MINIMUM_POSTGRESQL and version in (None, programs.version)
    ]
    return max(found, key=lambda programs: programs.version, default=None)


def find_mosquitto() -> Programs | None:
    """Mosquitto."""
    for root, environment in _roots():
        for directory in (root / "usr/sbin", root / "usr/local/sbin", root / "usr/bin"):
            if (directory / "mosquitto").exists():
                return Programs(directory, environment)
    return None


def provide_postgres(progress: Progress, version: int | None = None) -> Programs:
    """Find PostgreSQL with PostGIS or get it."""
    programs = find_postgres(version)
    if programs is None:
        _get(lambda options: _postgres_packages(options, version), progress)
        programs = find_postgres(version)
    if programs is None:
        what = f"PostgreSQL {version}" if version else "PostgreSQL"
        raise Refused(f"{what} with PostGIS is not there and could not be installed. {_ADVICE}")
    return programs


def provide_mosquitto(progress: Progress) -> Programs:
    """Find Mosquitto or get it."""
    programs = find_mosquitto()
    if programs is None:
        _get(lambda _options: ["mosquitto"], progress)
        programs = find_mosquitto()
    if programs is None:
        raise Refused(f"Mosquitto is not there and could not be installed. {_ADVICE}")
    return programs


def _roots() -> list[tuple[Path, dict[str, str]]]:
    """The system, then what was unpacked."""
    unpacked = cache_directory() / "root"
    return [(Path("/"), {}), (unpacked, _unpacked_environment(unpacked))]


def _postgres_below(root: Path, environment: dict[str, str]) -> Iterator[Programs]:
    """Debian and the PostgreSQL project's repositories keep each version in a directory of its own."""
    for directory in (root / "usr/lib/postgresql").glob("*/bin"):
        version = directory.parent.name
        extension = root / "usr/share/postgresql" / version / "extension/postgis.control"
        if version.isdigit() and (directory / "postgres").exists() and extension.exists():
            yield Programs(directory, environment, int(version))
    for directory in root.glob("usr/pgsql-*/bin"):
        if (directory.parent / "share/extension/postgis.control").exists():
            yield Programs(directory, environment, int(directory.parent.name.partition("-")[2]))


def _unpacked_environment(root: Path) -> dict[str, str]:
    """Packages expect their libraries and PROJ its data where the system has them: say where they are."""
    libraries = [
        str(directory)
        for base in (*root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu"))
        for directory in (base, *sorted(path for path in base.iterdir() if path.is_dir()))
        if any(directory.glob("*.so.*"))
    ]
    if not libraries:
        return {}
    environment = {"LD_LIBRARY_PATH": ":".join(libraries)}
    if (root / "usr/share/proj").exists():
        environment |= {"PROJ_LIB": str(root / "usr/share/proj"), "PROJ_DATA": str(root / "usr/share/proj")}
    return environment


def _get(choose: Callable[[list[str]], list[str]], progress: Progress) -> None:
    if shutil.which("apt-get") is None:
        raise Refused(f"This system has no apt-get. {_ADVICE}")
    if is_root():
        _install(choose, progress)
    else:
        with _locked(cache_directory()):
            _unpack(choose, progress)


def _install(choose: Callable[[list[str]], list[str]], progress: Progress) -> None:
    """Install as an administrator would, but start no service: Mimas runs its own instances."""
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1", "SYSTEMD_OFFLINE": "1"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    packages = choose([])
    if not packages or not _is_known(packages[0], []):
        progress("Reading the package lists (apt-get update) ...")
        _apt(["apt-get", *wait, "-q", "update"])
        packages = choose([])
    progress(f"Installing {', '.join(packages)} (apt-get install), this takes a minute or two ...")
    install = ["apt-get", *wait, "-q", "-y", "--no-install-recommends", "install", *packages]
    try:
        _apt(install, quiet)
    except Refused:
        progress("That failed; once more with fresh package lists ...")
        _apt(["apt-get", *wait, "-q", "update"])
        _apt(install, quiet)


def _unpack(choose: Callable[[list[str]], list[str]], progress: Progress) -> None:
    """Download what is missing, dependencies included, and unpack it all below the cache."""
    cache = cache_directory()
    options = ["-o", "Debug::NoLocking=1"]
    packages = choose(options)
    if not packages or not _is_known(packages[0], options):
        options = _private_lists(cache)
        progress("Reading the package lists into the cache (apt-get update) ...")
        _apt(["apt-get", *options, "-q", "update"])
        packages = choose(options)
    if not packages:
        raise Refused(f"The package lists of this system have no PostGIS. {_ADVICE}")
    wanted = sorted({*packages, *_missing_dependencies(packages, options)})
    progress(f"Downloading {len(wanted)} packages for {', '.join(packages)} into {cache} ...")
    downloads = cache / "downloads"
    shutil.rmtree(downloads, ignore_errors=True)
    downloads.mkdir(parents=True)
    _apt(["apt-get", *options, "-q", "download", *wanted], directory=downloads)
    progress("Unpacking them ...")
    for package in sorted(downloads.glob("*.deb")):
        _apt(["dpkg", "-x", str(package), str(cache / "root")])
    shutil.rmtree(downloads)
    _link_extensions(cache / "root")


def _link_extensions(root: Path) -> None:
    """`postgis.control` is a link that Debian's update-alternatives makes at installation."""
    for control in root.glob("usr/share/postgresql/*/extension/*-[0-9].control"):
        link = control.with_name(re.sub(r"-\d\.control$", ".control", control.name))
        if not link.exists():
            link.symlink_to(control.name)


def _postgres_packages(options: list[str], version: int | None) -> list[str]:
    """The packages of the newest PostgreSQL that the lists offer with PostGIS."""
    listed = _output(["apt-cache", *options, "pkgnames", "postgresql-"])
    offers = [(int(match[1]), int(match[2])) for match in _POSTGIS.finditer(listed)]
    fitting = [offer for offer in offers if version in (None, offer[0])]
    if not fitting:
        return []
    postgresql, postgis = max(fitting)
    return [
        f"postgresql-{postgresql}-postgis-{postgis}",
        f"postgresql-{postgresql}-postgis-{postgis}-scripts",
        f"postgresql-{postgresql}",
        f"postgresql-client-{postgresql}",
    ]


def _missing_dependencies(packages: list[str], options: list[str]) -> list[str]:
    simulated = _output(["apt-get", *options, "-s", "-q", "--no-install-recommends", "install", *packages])
    return re.findall(r"^Inst (\S+)", simulated, re.MULTILINE)


def _is_known(package: str, options: list[str]) -> bool:
    policy = _output(["apt-cache", *options, "policy", package])
    return "Candidate:" in policy and "Candidate: (none)" not in policy


def _private_lists(cache: Path) -> list[str]:
    """apt's options for package lists of this user, checked by the keys of the system."""
    for name in ("state/lists/partial", "archives/partial"):
        (cache / name).mkdir(parents=True, exist_ok=True)
    return [
        *("-o", "Debug::NoLocking=1"),
        *("-o", f"Dir::State={cache / 'state'}"),
        *("-o", "Dir::State::status=/var/lib/dpkg/status"),
        *("-o", f"Dir::Cache={cache}"),
    ]


def _apt(
    command: list[str], environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> None:
    done = subprocess.run(  # noqa: S603 - the system's package tools
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | dict(environment or {}),
        cwd=directory,
        check=False,
    )
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace").strip().splitlines()[-8:]
        raise Refused(
            f"{' '.join(command[:1])} failed ({done.returncode}):\n" + "\n".join(said) + f"\n{_ADVICE}"
        )


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One process at a time unpacks."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
