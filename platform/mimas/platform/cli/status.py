"""`mimas status`."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import click

from ..data_lock import read_holder
from ..mosquitto import PrivateMosquitto
from ..postgres import PrivatePostgres
from ..settings import Settings, load_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def status(ctx: click.Context, as_json: bool) -> None:
    """Say what runs, and where; the exit code is 3 unless the platform is ready."""
    settings = load_settings()
    platform = _platform(settings)
    found: dict[str, dict[str, object] | str] = {
        "platform": platform,
        "postgresql": _postgres(settings),
        "mqtt": _mqtt(settings),
        "data": str(settings.data_dir),
    }
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        for name, facts in found.items():
            click.echo(f"{name:12} {facts if isinstance(facts, str) else facts['text']}")
    ctx.exit(0 if platform["ready"] else 3)


def _platform(settings: Settings) -> dict[str, object]:
    holder = read_holder(settings.data_dir)
    if holder is None:
        return {"ready": False, "text": "does not run"}
    health = _health(holder.url)
    return {
        "ready": health == "ready",
        "pid": holder.pid,
        "url": holder.url,
        "text": f"{health}, process {holder.pid}, {holder.url}",
    }


def _health(url: str) -> str:
    """What the API says of itself."""
    if not url.startswith("http"):
        return url
    try:
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310 - our own URL
            return str(json.load(answer)["status"])
    except urllib.error.HTTPError as error:
        return f"not ready ({error.code})"
    except (OSError, ValueError) as error:
        return f"does not answer ({error})"


def _postgres(settings: Settings) -> dict[str, object]:
    if settings.database_url is not None:
        return {"private": False, "text": "the one of MIMAS_DATABASE_URL"}
    found = PrivatePostgres(settings.data_dir).status()
    if found is None:
        return {"private": True, "ready": False, "text": "does not run"}
    state = "ready" if found.is_ready else "not ready"
    return {
        "private": True,
        "ready": found.is_ready,
        "pid": found.pid,
        "port": found.port,
        "text": f"{state}, process {found.pid}, 127.0.0.1 port {found.port}",
    }


def _mqtt(settings: Settings) -> dict[str, object]:
    if settings.mqtt_url is not None:
        return {"private": False, "text": "the one of MIMAS_MQTT_URL"}
    broker = PrivateMosquitto(settings.data_dir, host=settings.mqtt_host)
    pid = broker.status()
    if pid is None:
        return {"private": True, "ready": False, "text": "does not run"}
    address = broker.url.rpartition("@")[2].removeprefix("mqtt://")
    state = "ready" if broker.is_ready() else "not ready"
    return {
        "private": True,
        "ready": broker.is_ready(),
        "pid": pid,
        "text": f"{state}, process {pid}, {address}",
    }
