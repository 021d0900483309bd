"""The table on the screen, and the same figures as JSON."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import orjson

from .measurement import Figure

HEADINGS = ("what", "figure", "limit", "ratio", "floor", "")


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table, aligned for people."""
    rows = [HEADINGS, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def write_json(path: Path, figures: Sequence[Figure], failures: dict[str, str]) -> None:
    """Write everything a later run may be compared with."""
    document = {
        "at": datetime.now(UTC),
        "machine": machine(),
        "figures": [{**asdict(each), "ratio": each.ratio, "verdict": each.verdict} for each in figures],
        "failures": failures,
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def machine() -> dict[str, str | int | float]:
    """What the figures were measured on, and how busy it was."""
    models = [
        line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 1),
    }


def _row(figure: Figure) -> tuple[str, ...]:
    limit = f"{_number(figure.limit)} {figure.limit_is}" if figure.limit else figure.limit_is
    return (
        figure.what,
        f"{_number(figure.value)} {figure.unit}",
        limit.strip(),
        f"{figure.ratio:.2f}" if figure.ratio is not None else "",
        str(figure.floor or ""),
        figure.verdict,
    )


def _number(value: float | None) -> str:
    assert value is not None
    return f"{value:,.0f}".replace(",", " ") if value >= 100 else f"{value:.3g}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()
