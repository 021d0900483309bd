"""A platform of its own, the target that describes it, and what the run must be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from tests.conftest import Platform, start_platform, stop_platform

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checking import check_target
from mimas.conformance.checks import all_checks
from mimas.conformance.runner import Run
from mimas.conformance.selection import Selection, choose
from mimas.conformance.target import Target, load_target
from mimas.conformance.verdicts import Verdict

HERE = Path(__file__).parent
CITY = HERE.parent / "data" / "conformance" / "city"
MAY_FAIL = HERE / "may_fail.txt"
BAD = frozenset({Verdict.FAIL, Verdict.ERROR})


def allowed(path: Path = MAY_FAIL) -> frozenset[str]:
    """The ids that may still fail."""
    lines = (line.partition("#")[0].strip() for line in path.read_text().splitlines())
    return frozenset(line for line in lines if line)


def problems(run: Run, may_fail: frozenset[str], *, read_only: bool = False) -> list[str]:
    """What is wrong: failures that nobody allowed, and allowed ones that are none any more."""
    verdicts = {each.check.id: each for each in run.checks}
    found = [
        f"{each.verdict} {check_id}: {each.message}"
        for check_id, each in verdicts.items()
        if each.verdict in BAD and check_id not in may_fail
    ]
    found += [
        f"left behind by {each.check.id}: {each.left_behind}" for each in run.checks if each.left_behind
    ]
    if read_only:
        return found
    for check_id in sorted(may_fail):
        verdict = verdicts[check_id].verdict if check_id in verdicts else "unknown"
        if verdict not in BAD:
            found.append(f"{check_id} is in {MAY_FAIL.name} and does not fail ({verdict}): take it out")
    return found


def judge_mimas(*, read_only: bool = False, environment: Mapping[str, str] = os.environ) -> tuple[Run, float]:
    """The run of `starter_platform` against a fresh Mimas, and the seconds it took without the start."""
    with _mimas() as (platform, secrets):
        target = _target(platform)
        if read_only:
            target = replace(target, writes="none", documents={**target.documents})
        chosen = choose(Selection(), target, load_catalogue(), all_checks())
        if read_only:
            checks = tuple(each for each in chosen.checks if "write" not in each.needs)
            chosen = replace(chosen, checks=checks)
        began = time.monotonic()
        run = check_target(target, chosen, environment={**environment, **secrets})
        return run, time.monotonic() - began


def _target(platform: Platform) -> Target:
    """The target of this folder, at the address where the platform is, with its log."""
    target = load_target(HERE / "target.yaml")
    interfaces = {name: replace(each, url=platform.url) for name, each in target.interfaces.items()}
    documents = {**target.documents, "access-log": f"{platform.data_dir}.log"}
    return replace(target, interfaces=interfaces, documents=documents)


@contextmanager
def _mimas() -> Iterator[tuple[Platform, dict[str, str]]]:
    """A platform with tokens for the roles of the target, and the entities of a sample."""
    folder = Path(tempfile.mkdtemp(prefix="mimas-conformance-"))
    folder.chmod(0o711)
    platform = start_platform(folder, 0, MIMAS_OUTBOUND_ALLOW="127.0.0.1 localhost")
    try:
        roles = {"token": "write", "reader": "read", "disabled": "read"}
        secrets = {
            f"MIMAS_CHECK_{role.upper()}": _mimas_says(platform, "token", "create", role, "--role", may)
            for role, may in roles.items()
        }
        _mimas_says(platform, "token", "revoke", "disabled")
        _store_sample(platform.url, secrets["MIMAS_CHECK_TOKEN"])
        yield platform, secrets
    finally:
        stop_platform(platform)
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.log").unlink(missing_ok=True)


def _mimas_says(platform: Platform, *arguments: str) -> str:
    command = [sys.executable, "-m", "mimas.platform.cli", *arguments]
    done = subprocess.run(command, env=platform.environment, capture_output=True, text=True, check=True)
    return done.stdout.split()[-1] if done.stdout.split() else ""


def _store_sample(url: str, token: str) -> None:
    """Entities under the names of the Smart Data Models: what has no model is judged as such."""
    sample = json.loads((CITY / "air.json").read_text())
    headers = {
        "NGSILD-Tenant": "mimas_check",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/ld+json",
    }
    for entity in sample["@graph"]:
        body = {**entity, "@context": sample["@context"]}
        httpx.post(f"{url}/ngsi-ld/v1/entities", json=body, headers=headers).raise_for_status()
