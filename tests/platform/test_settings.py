"""Settings: where they come from, and how mistakes are told."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mimas.platform.settings import Settings, SettingsRefused, load_settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("MIMAS_"):
            monkeypatch.delenv(name)


def test_all_mistakes_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person corrects all settings in one go, not one a start."""
    monkeypatch.setenv("MIMAS_PORT", "99999")
    monkeypatch.setenv("MIMAS_LOG_LEVEL", "loud")
    monkeypatch.setenv("MIMAS_OUTBOUND_ALLOW", "10.0.0.1/8")
    with pytest.raises(SettingsRefused) as refused:
        load_settings()

    assert all(
        name in str(refused.value) for name in ("MIMAS_PORT", "MIMAS_LOG_LEVEL", "MIMAS_OUTBOUND_ALLOW")
    )


def test_a_mistake_never_shows_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong URL may hold a password."""
    monkeypatch.setenv("MIMAS_DATABASE_URL", "mysql://mimas:tr0ub4dor@db/mimas")
    with pytest.raises(SettingsRefused) as refused:
        load_settings()

    assert "tr0ub4dor" not in str(refused.value)


def test_settings_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever prints the settings prints no password."""
    monkeypatch.setenv("MIMAS_MQTT_URL", "mqtt://meter:tr0ub4dor@broker")

    assert "tr0ub4dor" not in repr(load_settings())


def test_a_mistyped_variable_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable nobody reads would be a setting that silently does nothing."""
    monkeypatch.setenv("MIMAS_WROKERS", "3")
    with pytest.raises(SettingsRefused, match="is MIMAS_WORKERS meant"):
        load_settings()


def test_the_environment_goes_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file holds what stays, the environment what differs."""
    file = tmp_path / "mimas.toml"
    file.write_text('port = 9000\nhost = "127.0.0.2"\noutbound_allow = ["broker.lan", "10.0.0.0/8"]\n')
    monkeypatch.setenv("MIMAS_CONFIG", str(file))
    monkeypatch.setenv("MIMAS_PORT", "9001")
    settings = load_settings()

    assert (settings.port, settings.host) == (9001, "127.0.0.2")
    assert settings.outbound_allow == ("broker.lan", "10.0.0.0/8")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "is port meant"),
        ("port = 'x'", "port (in the file)"),
        ("port = ", "is not TOML"),
        (None, "cannot be read"),
    ],
)
def test_mistakes_in_the_file_name_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str | None, told: str
) -> None:
    """Unknown keys, wrong values, wrong TOML and a missing file are told like any other mistake."""
    file = tmp_path / "mimas.toml"
    if text is not None:
        file.write_text(text)
    monkeypatch.setenv("MIMAS_CONFIG", str(file))
    with pytest.raises(SettingsRefused, match=re.escape(told)):
        load_settings()


def test_lists_are_separated_by_commas_or_blanks(monkeypatch: pytest.MonkeyPatch) -> None:
    """No JSON in environment variables."""
    monkeypatch.setenv("MIMAS_CORS_ORIGINS", "https://a.example, https://b.example")

    assert load_settings().cors_origins == ("https://a.example", "https://b.example")


def test_every_setting_is_in_the_docs() -> None:
    """The reference names each setting and nothing that is none."""
    documented = set(re.findall(r"^\| `MIMAS_(\w+)`", DOCS.read_text(), re.MULTILINE))

    assert documented == {name.upper() for name in Settings.model_fields} | {"CONFIG"}
