"""Where sources, database and broker are, for commands that run beside the platform."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .mosquitto import PrivateMosquitto
from .postgres import PrivatePostgres
from .processes import Refused
from .settings import Settings

if TYPE_CHECKING:
    from mimas.adapters.mapping import MappingFile

DEMO_SOURCES = Path(__file__).parent / "demo" / "sources"


def sources_folder(settings: Settings) -> Path:
    """The folder of configured sources: MIMAS_ADAPTERS, else `sources` in the data directory."""
    return settings.adapters or settings.data_dir / "sources"


def database_url(settings: Settings) -> str:
    """The database of the platform; Refused when neither one is set nor the private one runs."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    server = PrivatePostgres(settings.data_dir)
    if server.status() is None:
        raise Refused("The platform does not run: start it with `mimas up`, or set MIMAS_DATABASE_URL.")
    return server.url


def mqtt_url(settings: Settings) -> str:
    """The broker of the platform."""
    if settings.mqtt_url is not None:
        return settings.mqtt_url.get_secret_value()
    return PrivateMosquitto(settings.data_dir).url


def find_mapping(name: str, folder: Path) -> MappingFile:
    """A mapping by its path, its name in the folder of sources, or its shipped name."""
    # Here, as the API's processes want to know the places without carrying the engine.
    from mimas.adapters.mapping import MappingError, load_mapping, shipped_mappings

    candidates = [Path(name), *(folder / f"{name}{suffix}" for suffix in ("", ".yaml", ".yml"))]
    candidates.append(DEMO_SOURCES / f"{name}.yaml")
    path = next((each for each in candidates if each.is_file()), None) or shipped_mappings().get(name)
    if path is None:
        own = ", ".join(sorted(each.stem for each in folder.glob("*.y*ml"))) or "no source"
        raise Refused(
            f"There is no source or mapping {name!r}. In {folder} (MIMAS_ADAPTERS or --sources names another "
            f"folder) there is {own}; shipped are {', '.join(shipped_mappings())}."
        )
    try:
        return load_mapping(path)
    except MappingError as error:
        raise Refused(str(error)) from error
