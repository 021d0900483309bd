"""`mimas adapters discover` on a real broker."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import paho.mqtt.client as paho
from click.testing import CliRunner
from paho.mqtt.enums import CallbackAPIVersion

from mimas.adapters.mapping import load_mapping
from mimas.platform.cli import main
from mimas.platform.processes import free_port


def test_retained_messages_become_drafts(mqtt_url: str, tmp_path: Path) -> None:
    """What is on the broker is written as sources that are not enabled, without any password."""
    root = f"d{uuid4().hex[:8]}"
    parts = urlsplit(mqtt_url)
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.connect(parts.hostname or "", parts.port or 1883)
    client.loop_start()
    for number in (1, 2):
        client.publish(f"{root}/{number}/env", b'{"temperature": 21.5}', qos=1, retain=True).wait_for_publish(
            10
        )
    url = mqtt_url.replace("//", "//reader:secret@")
    arguments = ["adapters", "discover", "--url", url, "--topic", f"{root}/#", "--seconds", "0.5"]
    result = CliRunner().invoke(main, [*arguments, "--sources", str(tmp_path)])
    for number in (1, 2):
        client.publish(f"{root}/{number}/env", b"", qos=1, retain=True).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    (path,) = tmp_path.glob("*.yaml")

    assert (result.exit_code, "2 messages on 2 topics" in result.stderr) == (0, True)
    assert load_mapping(path).declaration["source"]["mqtt"]["topic"] == f"{root}/{{{root}}}/env"
    assert "secret" not in path.read_text()


def test_broker_that_is_not_there(tmp_path: Path) -> None:
    """One clear line."""
    url = f"mqtt://127.0.0.1:{free_port()}"
    result = CliRunner().invoke(main, ["adapters", "discover", "--url", url, "--sources", str(tmp_path)])

    assert (result.exit_code, "cannot be reached" in result.stderr) == (1, True)
