"""`make conformance`: start a real Mimas and run the profile `starter_platform` against it.

Ends with 1 when a check fails whose id is not in may_fail.txt, or when an id in there does not fail any more.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from mimas.conformance.reports import FORMATS, report_of, write_report

from .platform_run import MAY_FAIL, allowed, judge_mimas, problems

READ_ONLY_SECONDS = 15.0
ALL_SECONDS = 60.0


def main() -> int:
    """Run it, say what came out, and how long it took."""
    parser = argparse.ArgumentParser(prog="python -m tests.starter_platform", description=__doc__)
    parser.add_argument("--read-only", action="store_true", help="only what writes nothing")
    parser.add_argument(
        "--report", type=Path, action="append", default=[], help=f"one of {', '.join(FORMATS)}"
    )
    options = parser.parse_args()
    began = time.monotonic()
    run, seconds = judge_mimas(read_only=options.read_only, environment=os.environ)
    for path in options.report:
        write_report(report_of(run), path)
    for each in run.mims:
        tested = f"{each.must_tested} of {each.must_total} MUSTs tested"
        print(f"{each.mim:14} {each.verdict:12} {each.level:8} {tested}")
    found = problems(run, allowed(), read_only=options.read_only)
    for line in found:
        print(line)
    limit = READ_ONLY_SECONDS if options.read_only else ALL_SECONDS
    whole = time.monotonic() - began
    print(f"{len(run.checks)} checks in {seconds:.1f} s (limit {limit:g} s), {whole:.1f} s in all")
    if found:
        print(f"{len(found)} problems; {MAY_FAIL.name} lists what may fail for now")
    return 1 if found or seconds > limit else 0


if __name__ == "__main__":
    sys.exit(main())
