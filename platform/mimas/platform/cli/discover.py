"""`mimas adapters discover`: listens to a broker for a while and drafts sources from what it hears."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import click
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from mimas.adapters.discovery import Draft, Heard, draft_sources
from mimas.adapters.discovery.drafting import not_understood
from mimas.adapters.mapping import load_mapping, run_cases

from ..ingest_places import mqtt_url, sources_folder
from ..processes import Refused
from ..settings import load_settings
from .database import say
from .sources_option import folder_option

CONNECT_SECONDS = 10.0


@click.command()
@click.option(
    "--seconds", default=60.0, show_default=True, help="How long to listen; Ctrl-C ends it earlier."
)
@click.option(
    "--topic", "topics", multiple=True, default=("#",), show_default=True, help="What to listen to."
)
@click.option("--url", help="Another broker than the platform's: mqtt://[user@]host:port or mqtts://.")
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The user's password.",
)
@click.option("--zone", help="Time zone of times without an offset (default: the platform's).")
@click.option("--dry", is_flag=True, help="Say what would be drafted, and write nothing.")
@folder_option
def discover(
    seconds: float,
    topics: tuple[str, ...],
    url: str | None,
    password_file: Path | None,
    zone: str | None,
    dry: bool,
    sources: Path | None,
) -> None:
    """Listen to a broker for a while and draft sources from what it carries.

    Known dialects (Tasmota, Shelly, Zigbee2MQTT, wmbusmeters, ChirpStack, The Things Stack, FIWARE, M-Bus
    frames) become sources on the shipped mappings; other JSON is grouped into topic patterns with guessed
    attributes and units, for which Home Assistant's discovery messages are used too. Nothing that is written
    is enabled, and what was heard stands in each file as its tests. Listening disturbs nobody: nothing is
    acknowledged or kept at the broker.

    \b
    Examples:
      mimas adapters discover
      mimas adapters discover --url mqtt://mimas@192.168.1.10 --password-file broker.password --seconds 600
    """
    settings = load_settings()
    heard = _listen(url or mqtt_url(settings), topics, seconds, password_file)
    drafts = draft_sources(heard, _connection(url, password_file), zone or settings.time_zone)
    folder = sources or sources_folder(settings)
    if not dry:
        folder.mkdir(parents=True, exist_ok=True)
    for draft in drafts:
        click.echo(_line(draft) if dry else f"{_line(draft)}\n    {_write(draft, folder)}")
    _close(heard, drafts)


def _line(draft: Draft) -> str:
    kind = f"the shipped mapping {draft.dialect}" if draft.dialect else "a guess: look at it closely"
    return f"{draft.name}: {draft.topics} topics, {draft.messages} messages; {kind}"


def _write(draft: Draft, folder: Path) -> str:
    path = draft.write(folder)
    results = list(run_cases(load_mapping(path)))
    failed = sum(bool(each.differences) for each in results)
    return f"{path} ({len(results)} tests{f', {failed} FAILED' if failed else ''})"


def _close(heard: Heard, drafts: list[Draft]) -> None:
    say(
        f"{heard.messages} messages on {len(heard.topics)} topics; "
        f"{not_understood(heard, drafts)} topics are in no draft."
    )
    if heard.dropped:
        say(f"{heard.dropped} messages of further topics were not looked at: narrow it down with --topic.")
    if not heard.messages:
        say("Nothing was heard: check the broker's address and rights, or listen for longer.")


def _connection(url: str | None, password_file: Path | None) -> dict[str, Any]:
    """How the sources reach the broker; no password goes into the file."""
    if url is None:
        return {}
    parts = urlsplit(url)
    connection: dict[str, Any] = {"url": f"{parts.scheme}://{(parts.netloc.rpartition('@')[2])}"}
    if parts.username:
        connection["user"] = unquote(parts.username)
    if password_file is not None:
        connection["password_file"] = str(password_file.resolve())
    return connection


def _listen(url: str, topics: tuple[str, ...], seconds: float, password_file: Path | None) -> Heard:
    """Collect what is published until the time is over or somebody presses Ctrl-C."""
    heard, connected = Heard(), threading.Event()
    client = _client(url, password_file)
    refusal: list[str] = []

    def on_connect(_client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            refusal.append(str(reason))
        else:
            client.subscribe([(topic, 0) for topic in topics])
        connected.set()

    client.on_connect = on_connect
    client.on_message = lambda _client, _data, message: heard.note(message.topic, bytes(message.payload))
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or (8883 if parts.scheme == "mqtts" else 1883)
    try:
        client.connect(host, port)
    except OSError as error:
        raise Refused(f"The broker at {host} port {port} cannot be reached: {error}") from error
    client.loop_start()
    try:
        if not connected.wait(CONNECT_SECONDS) or refusal:
            raise Refused(
                f"The broker at {host} port {port} lets nobody in: {' '.join(refusal) or 'no answer'}"
            )
        _wait(heard, seconds)
    finally:
        client.disconnect()
        client.loop_stop()
    return heard


def _client(url: str, password_file: Path | None) -> paho.Client:
    parts = urlsplit(url)
    if parts.scheme not in ("mqtt", "mqtts"):
        raise Refused(f"{url!r} is no broker's address: mqtt://host:port or mqtts://host:port.")
    client = paho.Client(
        CallbackAPIVersion.VERSION2,
        f"mimas-discover-{uuid4().hex[:12]}",
        protocol=MQTTProtocolVersion.MQTTv311,
    )
    password = unquote(parts.password) if parts.password else None
    if password_file is not None:
        password = password_file.read_text("utf-8").strip()
    if parts.username:
        client.username_pw_set(unquote(parts.username), password)
    if parts.scheme == "mqtts":
        client.tls_set()
    return client


def _wait(heard: Heard, seconds: float) -> None:
    """Wait, and say how it goes: on a terminal each second in one line, elsewhere now and then."""
    end = time.monotonic() + seconds
    live = sys.stderr.isatty()
    said = 0.0
    try:
        while (left := end - time.monotonic()) > 0:
            if live or time.monotonic() - said >= 10:
                said = time.monotonic()
                line = f"{heard.messages} messages on {len(heard.topics)} topics, {left:.0f} s left"
                click.echo(f"\r{line}   " if live else line, err=True, nl=not live)
            time.sleep(min(1.0, left))
    except KeyboardInterrupt:
        pass
    if live:
        click.echo(err=True)
