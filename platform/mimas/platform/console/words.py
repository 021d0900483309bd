"""Values, units, times and names as a person reads them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo

NARROW_SPACE = "\u202f"
NO_BREAK_SPACE = "\u00a0"
MINUS = "\u2212"

# UN/CEFACT Recommendation 20 common codes and the signs people know.
_UNIT_SIGNS = {
    "KWH": "kWh", "WHR": "Wh", "MWH": "MWh", "KWT": "kW", "WTT": "W", "K3": "kvarh", "C79": "kVAh",
    "VLT": "V", "AMP": "A", "HTZ": "Hz", "D46": "VA", "D44": "var",
    "CEL": "°C", "KEL": "K", "P1": "%", "C62": "", "D54": "W/m²", "A97": "hPa", "PAL": "Pa", "BAR": "bar",
    "MTQ": "m³", "LTR": "l", "E32": "l/h", "MQH": "m³/h", "MMT": "mm", "CMT": "cm", "MTR": "m", "KMT": "km",
    "MTS": "m/s", "KMH": "km/h", "DD": "°", "GQ": "µg/m³", "59": "ppm", "2N": "dB", "LUX": "lx",
    "KGM": "kg", "SEC": "s", "MIN": "min", "HUR": "h", "DAY": "d", "JOU": "J", "GV": "GJ", "3B": "MJ",
}  # fmt: skip
# Amounts add up over time; everything else has a mean.
_AMOUNTS = frozenset({"KWH", "WHR", "MWH", "K3", "C79", "MTQ", "LTR", "MMT", "JOU", "GV", "3B"})
_FRACTIONS = frozenset({"relativeHumidity", "occupancy", "fillingLevel"})
_NAMES = {
    "totalActiveEnergyImport": "Electricity",
    "activeEnergyImport": "Electricity per phase",
    "numValue": "Reading",
    "pm25": "Fine dust PM2.5",
    "pm10": "Dust PM10",
    "no2": "Nitrogen dioxide",
    "gasConsumption": "Gas",
    "electricityConsumption": "Electricity",
    "waterConsumption": "Water",
}


def is_amount(unit: str | None) -> bool:
    """Whether values of this unit add up (kWh, m3), so that a day has a sum rather than a mean."""
    return unit in _AMOUNTS


def unit_sign(code: str | None) -> str:
    """The sign of a common code; the code itself when it is not known here."""
    return _UNIT_SIGNS.get(code, code) if code else ""


def number_text(value: float) -> str:
    """A number with as many digits as it deserves: 12 345, 245.8, 0.017."""
    size = abs(value)
    if value == int(value) or size >= 10_000:
        text = f"{value:,.0f}"
    elif size >= 1:
        text = f"{value:,.1f}"
    else:
        text = f"{value:.3g}"
    return text.replace(",", NARROW_SPACE).replace("-", MINUS)


def value_text(value: object, unit: str | None, attribute: str = "") -> str:
    """A value with its unit; fractions such as humidity as per cent."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if attribute in _FRACTIONS and unit in (None, "C62") and 0 <= value <= 1:
        return f"{number_text(round(value * 100, 1))}{NO_BREAK_SPACE}%"
    sign = unit_sign(unit)
    return f"{number_text(value)}{NO_BREAK_SPACE}{sign}" if sign else number_text(value)


def name_text(name: str) -> str:
    """An attribute or type name in plain words: averageVehicleSpeed -> Average vehicle speed."""
    if name in _NAMES:
        return _NAMES[name]
    short = re.split(r"[/#:]", name)[-1]
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_", " ", short).strip()
    return words[:1].upper() + words[1:].lower() if not words.isupper() else words


def age_text(then: datetime, now: datetime) -> str:
    """How long ago, in the largest fitting unit."""
    age = now - then
    if age < timedelta(0):
        return "ahead of now"
    for size, unit in ((365, "year"), (30, "month"), (1, "day")):
        if age.days >= size:
            return _ago(age.days // size, unit)
    if age.seconds >= 3600:
        return _ago(age.seconds // 3600, "hour")
    return _ago(age.seconds // 60, "minute") if age.seconds >= 60 else "just now"


def _ago(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'} ago"


def time_text(moment: datetime, zone: tzinfo = UTC) -> str:
    """A moment to the minute, with its zone: 5 Nov 2019, 10:00 UTC."""
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M} {local.tzname()}"


def day_text(moment: datetime, zone: tzinfo = UTC) -> str:
    """A day: Tue 5 Nov 2019."""
    local = moment.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y}"
