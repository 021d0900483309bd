from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mimas.platform.console.words import age_text, is_amount, name_text, number_text, value_text

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "unit", "attribute", "text"),
    [
        (245.8, "KWH", "", "245.8 kWh"),
        (1044382.8, "KWH", "", "1 044 383 kWh"),
        (-3.25, "CEL", "", "\u22123.2 °C"),
        (0.974, "C62", "relativeHumidity", "97.4 %"),
        (0.974, "C62", "powerFactor", "0.974"),
        (7, None, "", "7"),
        (7, "XYZ", "", "7 XYZ"),
        ("open", None, "", "open"),
        (True, None, "", "True"),
    ],
)
def test_values_are_written_with_their_unit(
    value: object, unit: str | None, attribute: str, text: str
) -> None:
    """A reader sees kWh, not KWH, and no more digits than make sense."""
    shown = value_text(value, unit, attribute).replace("\u00a0", " ").replace("\u202f", " ")

    assert shown == text


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=23, minutes=59), "23 hours ago"),
        (timedelta(days=1), "1 day ago"),
        (timedelta(days=400), "1 year ago"),
        (timedelta(seconds=-5), "ahead of now"),
    ],
)
def test_ages_use_the_largest_unit(age: timedelta, text: str) -> None:
    """How long ago, as a person says it."""
    assert age_text(NOW - age, NOW) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("averageVehicleSpeed", "Average vehicle speed"),
        ("totalActiveEnergyImport", "Electricity"),
        ("https://example.org/terms/waterLevel", "Water level"),
        ("LAS", "LAS"),
    ],
)
def test_names_become_words(name: str, text: str) -> None:
    """Attribute names are for programs; pages say them in words."""
    assert name_text(name) == text


def test_amounts_add_up_and_states_do_not() -> None:
    """A day has a sum of kWh and a mean of degrees."""
    assert (is_amount("KWH"), is_amount("CEL"), is_amount(None)) == (True, False, False)


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (0.0174, "0.0174"), (12.34, "12.3"), (9999.94, "9,999.9")]
)
def test_numbers_have_as_many_digits_as_they_deserve(value: float, text: str) -> None:
    """Small numbers keep three digits, large ones none behind the point."""
    assert number_text(value).replace("\u202f", ",") == text
