"""`make bench`: measure the floors of the design against physical limits of the same run."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
import traceback
from pathlib import Path

from .bench import Bench, open_bench
from .measurement import MEASUREMENTS, Figure, Measurement
from .report import machine, table, write_json

SUBJECTS = (
    "writes",
    "reads",
    "paging",
    "history",
    "notifications",
    "ingest",
    "harvests",
    "whole_stack",
    "growth",
)


def main() -> int:
    """Run what was asked for; 1 when a floor is missed or a measurement breaks."""
    for subject in SUBJECTS:
        importlib.import_module(f"{__package__}.{subject}")
    options = _arguments()
    if options.list:
        for each in MEASUREMENTS.values():
            print(f"{each.name:16} {'(long) ' if each.long else ''}{each.summary}")
        return 0
    print(" ".join(f"{name}={value}" for name, value in machine().items()))
    figures: list[Figure] = []
    failures: dict[str, str] = {}
    with open_bench(options.server, quick=options.quick, rounds=options.rounds) as bench:
        for each in _chosen(options):
            _run(each, bench, figures, failures)
    print("\n" + table(figures))
    write_json(options.json, figures, failures)
    for name, problem in failures.items():
        print(f"{name} broke: {problem}")
    return 1 if failures or any(each.verdict == "below" for each in figures) else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", metavar="NAME", choices=list(MEASUREMENTS), help="may be repeated"
    )
    parser.add_argument(
        "--growth", action="store_true", help="only how reads grow from 10 000 to 1 000 000 entities"
    )
    parser.add_argument(
        "--quick", action="store_true", help="less of everything: for trying, not for the record"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often a figure and its limit are measured")
    parser.add_argument(
        "--server",
        default=os.environ.get("MIMAS_BENCH_DATABASE_URL"),
        help="URL of a PostgreSQL to use as a superuser; a private one without (or MIMAS_BENCH_DATABASE_URL)",
    )
    parser.add_argument("--list", action="store_true", help="what there is")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures go")
    return parser.parse_args()


def _chosen(options: argparse.Namespace) -> list[Measurement]:
    if options.growth:
        return [MEASUREMENTS["growth"]]
    if options.only:
        return [MEASUREMENTS[name] for name in options.only]
    return [each for each in MEASUREMENTS.values() if not each.long]


def _run(chosen: Measurement, bench: Bench, figures: list[Figure], failures: dict[str, str]) -> None:
    print(f"\n{chosen.name}: {chosen.summary}", flush=True)
    started = time.monotonic()
    try:
        found = chosen.measure(bench)
    except Exception as error:
        traceback.print_exc()
        failures[chosen.name] = f"{type(error).__name__}: {error}"
        return
    finally:
        bench.tidy()
    figures += found
    print(table(found))
    print(f"({time.monotonic() - started:.0f} s)", flush=True)


if __name__ == "__main__":
    sys.exit(main())
