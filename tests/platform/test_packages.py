"""Finding the distribution's programs, and what unpacked packages need."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimas.platform import packages
from mimas.platform.packages import Programs, find_mosquitto, find_postgres


def make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file system in which nothing is installed."""
    monkeypatch.setattr(packages, "_roots", lambda: [(tmp_path, {})])
    return tmp_path


def test_the_newest_postgresql_with_postgis_is_taken(root: Path) -> None:
    """A newer one without PostGIS is of no use, an older one than 14 neither."""
    for version, with_postgis in (("13", True), ("15", True), ("16", True), ("17", False)):
        make(root / f"usr/lib/postgresql/{version}/bin/postgres")
        if with_postgis:
            make(root / f"usr/share/postgresql/{version}/extension/postgis.control")
    found = find_postgres()

    assert found is not None
    assert found.version == 16


def test_a_cluster_wants_the_version_that_made_it(root: Path) -> None:
    """PostgreSQL does not open the files of another major version."""
    for version in ("15", "16"):
        make(root / f"usr/lib/postgresql/{version}/bin/postgres")
        make(root / f"usr/share/postgresql/{version}/extension/postgis.control")
    found = find_postgres(15)

    assert found is not None
    assert found.version == 15


def test_nothing_is_found_where_nothing_is(root: Path) -> None:
    """Then packages are fetched."""
    assert (find_postgres(), find_mosquitto()) == (None, None)


def test_unpacked_extensions_get_the_links_that_an_installation_makes(tmp_path: Path) -> None:
    """Debian links postgis.control when it installs; unpacking does not."""
    directory = tmp_path / "usr/share/postgresql/15/extension"
    make(directory / "postgis-3.control")
    make(directory / "plpgsql.control")
    packages._link_extensions(tmp_path)

    assert (directory / "postgis.control").resolve().name == "postgis-3.control"


def test_unpacked_libraries_are_on_the_path(tmp_path: Path) -> None:
    """Also those in directories of their own, such as BLAS."""
    for name in ("libgeos_c.so.1", "blas/libblas.so.3", "perl/5.36/x.pm"):
        make(tmp_path / "usr/lib/x86_64-linux-gnu" / name)
    environment = packages._unpacked_environment(tmp_path)
    base = tmp_path / "usr/lib/x86_64-linux-gnu"

    assert environment["LD_LIBRARY_PATH"].split(":") == [str(base), str(base / "blas")]


def test_services_do_not_inherit_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of a database server is no place for our passwords."""
    monkeypatch.setenv("MIMAS_MQTT_URL", "mqtt://meter:secret@broker")

    assert not any(name.startswith("MIMAS_") for name in Programs(Path("/")).full_environment())
