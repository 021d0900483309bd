"""Every setting of the platform: environment variables MIMAS_* and an optional TOML file, read once.

The environment wins over the file. Whatever is wrong is told at once, in `SettingsRefused`.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from .processes import Refused, is_root

PREFIX = "MIMAS_"
CONFIG = "MIMAS_CONFIG"
# Read by tests, and by the parts of one `mimas up`; no settings of a user.
_NOT_SETTINGS = (CONFIG, "MIMAS_TEST_", "MIMAS_PART_", "MIMAS_CHECK_", "MIMAS_BENCH_")


class SettingsRefused(Refused):
    """Settings that cannot be used; the message has a line for each mistake."""

    exit_code = 2


def default_data_dir() -> Path:
    """Where data lies unless told otherwise."""
    if is_root():
        return Path("/var/lib/mimas")
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    return Path(base) / "mimas"


def _split(value: Any) -> Any:
    """Lists are separated by commas or blanks; TOML has real ones."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _require_scheme(*schemes: str) -> AfterValidator:
    def check(value: SecretStr) -> SecretStr:
        try:
            parts = urlsplit(value.get_secret_value())
            fits = parts.scheme in schemes and (parts.port or True)
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"must be a URL that begins with {' or '.join(s + '://' for s in schemes)}")
        return value

    return AfterValidator(check)


def _require_allowed(value: tuple[str, ...]) -> tuple[str, ...]:
    """What has a slash must be a network; everything else is a host name or an address."""
    for each in value:
        if "/" in each:
            try:
                ip_network(each)
            except ValueError:
                raise ValueError(
                    f"{each!r} is neither a host name nor a network such as 10.0.0.0/8"
                ) from None
    return value


def _require_origin(value: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
        raise ValueError("must be scheme and host such as https://data.example.org, without a path")
    return value.rstrip("/")


def _require_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone such as Europe/Prague") from None
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
DatabaseUrl = Annotated[SecretStr, _require_scheme("postgresql", "postgres")]
MqttUrl = Annotated[SecretStr, _require_scheme("mqtt", "mqtts")]


class Settings(BaseSettings):
    """The settings, with their defaults; the descriptions are for the person who runs it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    data_dir: Path = Field(
        default_factory=default_data_dir, description="Where private instances keep their data."
    )
    host: str = Field("127.0.0.1", description="Address to listen on; not loopback needs a token first.")
    port: int = Field(8080, ge=0, le=65535, description="Port of the API and the pages; 0 takes a free one.")
    workers: int | None = Field(
        None, ge=1, le=64, description="API processes; the cores, at least 2, at most 4."
    )
    database_url: DatabaseUrl | None = Field(
        None, description="A PostgreSQL with PostGIS to use instead of a private one."
    )
    database_connections: int = Field(
        8, ge=2, le=200, description="Most database connections of one process."
    )
    statement_timeout: float = Field(30.0, gt=0, le=3600, description="Seconds until a query is ended.")
    mqtt_url: MqttUrl | None = Field(None, description="An MQTT broker to use instead of a private one.")
    mqtt_host: str = Field("127.0.0.1", description="Address the private broker listens on.")
    mqtt_port: int = Field(1883, ge=0, le=65535, description="Its port; a free one when somebody has it.")
    public_url: Annotated[str, AfterValidator(_require_origin)] = Field(
        "", description="Scheme and host as clients see them behind a proxy."
    )
    trusted_proxies: Names = Field((), description="Addresses whose X-Forwarded-For and -Proto are believed.")
    outbound_allow: Annotated[Names, AfterValidator(_require_allowed)] = Field(
        (), description="Private hosts and networks that outgoing calls may reach."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least to log.")
    log_format: Literal["text", "json"] = Field("text", description="Lines of key=value, or of JSON.")
    adapters: Path | None = Field(
        None, description="The folder of sources (YAML files); `sources` in the data directory."
    )
    model_check: Literal["off", "warn", "reject"] = Field(
        "warn", description="What happens to readings that break their Smart Data Model."
    )
    keep_history: bool = Field(True, description="Whether deleting an entity keeps its history.")
    write_queue: int = Field(20_000, ge=100, description="Operations that may wait before the answer is 503.")
    auto_index: int = Field(
        12, ge=0, le=100, description="Attribute indexes made by themselves for hot queries; 0 makes none."
    )
    default_context: str = Field("", description="URL of the @context of requests that name none.")
    cors_origins: Names = Field((), description="Origins whose pages may call the API; * for all.")
    gzip: bool = Field(True, description="Whether reads are compressed for clients that ask for it.")
    body_bytes: int = Field(16 * 1024 * 1024, ge=1024, description="Largest request body.")
    body_depth: int = Field(64, ge=8, le=200, description="Deepest nesting of a request body.")
    query_bytes: int = Field(32 * 1024, ge=256, description="Longest query string.")
    page_size: int = Field(20, ge=1, description="Entities on a page when a request does not say.")
    page_size_max: int = Field(1000, ge=1, description="Entities on a page at most.")
    batch_size: int = Field(10_000, ge=1, description="Entities in one batch at most.")
    temporal_instances: int = Field(
        10_000, ge=10, description="Instances in a temporal answer before it is sent in parts."
    )
    entity_map_size: int = Field(100_000, ge=1, description="Entities in one entity map at most.")
    entity_map_seconds: float = Field(86_400, gt=0, description="Seconds an entity map may live.")
    snapshots: int = Field(100, ge=1, description="Snapshots of one tenant at most.")
    snapshot_seconds: float = Field(7 * 86_400, gt=0, description="Seconds a snapshot may live.")
    upsert_makes_tenants: bool = Field(
        True, description="Whether a batch upsert may be the first request of a tenant."
    )
    range_unit: Literal["DateTime", "date-time"] = Field(
        "DateTime", description="Unit of Content-Range in temporal answers that come in parts."
    )
    bare_null: bool = Field(
        False, description="Whether notifications tell a deleted attribute by the bare null URI."
    )
    site: str = Field("Mimas", description="What the pages are called.")
    time_zone: Annotated[str, AfterValidator(_require_zone)] = Field(
        "UTC", description="The time zone of the pages, such as Europe/Prague."
    )
    tiles_url: str = Field("", description="Map tiles for the pages: a URL with {z}, {x} and {y}.")
    tiles_attribution: str = Field("", description="Whom the map thanks for its tiles.")

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if self.page_size > self.page_size_max:
            raise ValueError(f"MIMAS_PAGE_SIZE ({self.page_size}) is above MIMAS_PAGE_SIZE_MAX")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes over what `load_settings` read from the file."""
        return env_settings, init_settings

    @property
    def worker_count(self) -> int:
        """How many API processes to run."""
        return self.workers or default_workers()


def default_workers() -> int:
    """One API process for each core, two to four."""
    return min(max(len(os.sched_getaffinity(0)), 2), 4)


def load_settings() -> Settings:
    """The settings of this process; `SettingsRefused` with every mistake."""
    from_file, mistakes = _read_file(os.environ.get(CONFIG))
    mistakes += _unknown_variables(os.environ)
    try:
        settings = Settings(**from_file)
    except ValidationError as error:
        mistakes += [_plain(each, from_file) for each in error.errors(include_url=False, include_input=False)]
    if mistakes:
        what = "One setting is" if len(mistakes) == 1 else f"{len(mistakes)} settings are"
        raise SettingsRefused(f"{what} wrong:\n" + "\n".join(f"  {mistake}" for mistake in mistakes))
    return settings


def _read_file(name: str | None) -> tuple[dict[str, Any], list[str]]:
    if not name:
        return {}, []
    try:
        values = tomllib.loads(Path(name).read_text())
    except OSError as error:
        return {}, [f"{CONFIG}: {name} cannot be read: {error.strerror}"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return {}, [f"{CONFIG}: {name} is not TOML: {error}"]
    known = {key: value for key, value in values.items() if key in Settings.model_fields}
    unknown = [f"{name}: there is no setting {key!r}{_hint(key)}" for key in values if key not in known]
    return known, unknown


def _unknown_variables(environment: Mapping[str, str]) -> list[str]:
    """A mistyped variable would otherwise be a setting that silently does nothing."""
    return [
        f"{name}: there is no such setting{_hint(name.removeprefix(PREFIX).lower(), PREFIX)}"
        for name in sorted(environment)
        if name.startswith(PREFIX)
        and not name.startswith(_NOT_SETTINGS)
        and name.removeprefix(PREFIX).lower() not in Settings.model_fields
    ]


def _hint(name: str, prefix: str = "") -> str:
    close = difflib.get_close_matches(name, Settings.model_fields, n=1)
    if not close:
        return ""
    return f"; is {prefix + close[0].upper() if prefix else close[0]} meant?"


def _plain(error: Any, from_file: Mapping[str, Any]) -> str:
    """One mistake in a line, without the value: it may be a secret."""
    message = error["msg"].removeprefix("Value error, ").removeprefix("Input ")
    if not error["loc"]:
        return str(message)
    name = str(error["loc"][0])
    place = f"{name} (in the file)" if name in from_file and PREFIX + name.upper() not in os.environ else ""
    return f"{place or PREFIX + name.upper()}: {message}"
