"""What a supplier hands over, and whether it holds."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from ...probe import Probe
from ...reports.signing import SUFFIX, SignatureError, SigningUnavailable, verify
from ...structured import expect_members, read_data
from ...verdicts import CheckError, Failure, NotTested, Verdict, Warn
from ..declaration import check

CHECKLIST = "MIM procurement checklist"
MOST_RECORDS = 200_000
OLD = timedelta(days=180)


# -- exit


@check(
    "PROCUREMENT.export-comes-back",
    requirement="X-EXIT",
    mechanism="documents",
    level="SHOULD",
    clause=f"Data Act; {CHECKLIST}",
    documents=("export", "reimported-export"),
)
def export_comes_back(probe: Probe) -> None:
    """The export, taken into a clean instance and exported again, holds the same records."""
    first, second = (_records(probe, name) for name in ("export", "reimported-export"))
    if not first:
        raise NotTested("The export holds no record.")
    probe.note("records", sum(first.values()))
    lost, new = first - second, second - first
    if lost or new:
        raise Failure(
            f"Of {sum(first.values())} records {sum(lost.values())} did not come back as they were, "
            f"and {sum(new.values())} are new or changed.",
            mend="Export everything that an import needs, and import everything.",
        )


def _records(probe: Probe, name: str) -> Counter[str]:
    """The hash of each record of an export, with how often it is there."""
    return Counter(
        hashlib.sha256(orjson.dumps(each, option=orjson.OPT_SORT_KEYS)).hexdigest()
        for each in _unpacked(probe.document(name), name, probe.limits.max_bytes)
    )


def _unpacked(content: bytes, name: str, most: int) -> Iterator[Any]:
    if not content.startswith(b"PK"):
        yield from _listed(content, name)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = [each for each in archive.infolist() if not each.is_dir()]
            if sum(each.file_size for each in files) > most:
                raise CheckError(f"The document {name!r} is larger than {most} bytes when unpacked.")
            for each in files:
                yield from _listed(archive.read(each), f"{name}: {each.filename}")
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise Failure(f"The document {name!r} cannot be unpacked: {error}", mend="Use plain ZIP.") from error


def _listed(content: bytes, name: str) -> list[Any]:
    """The records of JSON, GeoJSON or JSON lines."""
    try:
        value = orjson.loads(content)
        found = value.get("features", [value]) if isinstance(value, dict) else value
    except orjson.JSONDecodeError:
        try:
            found = [orjson.loads(line) for line in content.splitlines() if line.strip()]
        except orjson.JSONDecodeError as error:
            raise Failure(
                f"{name} is neither JSON, GeoJSON nor JSON lines: {content[:40]!r}",
                mend="Export in an open format.",
            ) from error
    if not isinstance(found, list) or len(found) > MOST_RECORDS:
        raise Failure(f"{name} holds no list of records, or too many.")
    return found


# -- stability

PATHS_METHODS = ("get", "put", "post", "delete", "patch", "head", "options")


@check(
    "PROCUREMENT.api-is-stable",
    requirement="X-APISTABLE",
    mechanism="documents",
    level="SHOULD",
    clause=CHECKLIST,
    documents=("api-description", "previous-api-description"),
)
def api_is_stable(probe: Probe) -> None:
    """What the OpenAPI of the last release offered is still there, or the major version is another."""
    old, new = (read_data(probe, name) for name in ("previous-api-description", "api-description"))
    before, after = (str((each.get("info") or {}).get("version", "")) for each in (old, new))
    broken = list(_breaking(old, new))
    if broken and before.partition(".")[0] == after.partition(".")[0]:
        raise Failure(
            f"Between {before or '?'} and {after or '?'} {len(broken)} things broke: "
            f"{'; '.join(broken[:4])}.",
            mend="Keep what clients use, or give the API a new major version beside the old one.",
        )
    probe.note("breaking changes", broken[:20])


def _breaking(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for path, described in (old.get("paths") or {}).items():
        now = (new.get("paths") or {}).get(path)
        if now is None:
            yield f"{path} is gone"
            continue
        for method in PATHS_METHODS:
            if method in described and method not in now:
                yield f"{method.upper()} {path} is gone"
            elif method in described:
                yield from _narrowed(f"{method.upper()} {path}", described[method], now[method])


def _narrowed(name: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, after = _parameters(old), _parameters(new)
    for each in before.keys() - after.keys():
        yield f"{name} has no parameter {each[1]!r} any more"
    for each, required in after.items():
        if required and not before.get(each, False):
            yield f"{name} requires {each[1]!r} now"
    for status in (old.get("responses") or {}).keys() - (new.get("responses") or {}).keys():
        if str(status).startswith("2"):
            yield f"{name} does not answer {status} any more"


def _parameters(operation: dict[str, Any]) -> dict[tuple[str, str], bool]:
    listed = [each for each in operation.get("parameters", ()) if "name" in each]
    return {(str(each.get("in")), str(each["name"])): bool(each.get("required")) for each in listed}


@check(
    "PROCUREMENT.changes-are-announced",
    requirement="X-APISTABLE",
    mechanism="documents",
    level="SHOULD",
    clause=CHECKLIST,
    documents=("api-policy",),
)
def changes_are_announced(probe: Probe) -> None:
    """The policy promises six months of notice, and the old version beside the new one for that time."""
    policy = expect_members(read_data(probe, "api-policy"), ("noticeMonths",), "The document 'api-policy'")
    if not isinstance(policy["noticeMonths"], int | float) or policy["noticeMonths"] < 6:
        raise Failure(f"The notice is {policy['noticeMonths']} months.", mend="Promise at least six.")
    if policy.get("parallelVersions") is not True:
        raise Failure(
            "Nothing promises the old version beside the new one.", mend="Say parallelVersions: true."
        )


# -- demonstration


@check(
    "PROCUREMENT.report-is-signed",
    requirement="X-DEMO",
    mechanism="documents",
    level="SHOULD",
    clause=f"{CHECKLIST}; Dir. 2014/24/EU, Art. 44",
    documents=("signed-report",),
)
def report_is_signed(probe: Probe) -> None:
    """The offered report of a run against this product is signed, unchanged, of live calls, and not old."""
    place = probe.target.documents["signed-report"]
    report = read_data(probe, "signed-report")
    expect_members(report, ("target", "finished", "har"), "The signed report")
    try:
        signer = verify(report, _signature(probe, place))
    except SignatureError as error:
        raise Failure(f"The signature does not hold: {error}", mend="Sign the report as it is.") from error
    except SigningUnavailable as error:
        raise CheckError(str(error)) from error
    probe.note("signed by", signer)
    if report["target"].get("name") != probe.target.name:
        raise Failure(f"The report is of {report['target'].get('name')!r}, not of {probe.target.name!r}.")
    if not report["har"].get("log", {}).get("entries"):
        raise Failure(
            "The report holds no exchange: nothing was shown live.", mend="Run it against the instance."
        )
    if datetime.fromisoformat(report["finished"]) < datetime.now(UTC) - OLD:
        raise Warn(f"The report is of {report['finished'][:10]}.", mend="Run it again for this evaluation.")


def _signature(probe: Probe, place: str) -> str:
    """The signature beside the report: the same name with .jws at its end."""
    if place.startswith(("http://", "https://")):
        return probe.fetch(place + SUFFIX).expect(200).text
    path = Path(place + SUFFIX)
    if not path.exists():
        raise Failure(f"There is no {path.name} beside the report.", mend="Hand over the signature, too.")
    return probe.read_file(path).decode("utf-8", "replace")


# -- statement

_CLAIMS = frozenset({"M", "E", "N"})
_AGAINST = frozenset({Verdict.FAIL, Verdict.ERROR})


@check(
    "PROCUREMENT.statement-holds",
    requirement="X-STATEMENT",
    mechanism="documents",
    level="SHOULD",
    clause=CHECKLIST,
    needs={"results"},
    documents=("compliance-statement",),
)
def statement_holds(probe: Probe) -> None:
    """What the supplier claims to meet (M) does not fail in this run; E and N are claimed for the rest."""
    claims = read_data(probe, "compliance-statement")
    if not isinstance(claims, dict) or not claims or not set(map(str, claims.values())) <= _CLAIMS:
        raise Failure(
            "The compliance statement does not give M (met), E (equivalent) or N (not met) per requirement.",
            mend='Write {"MIM7-R2.1": "M", ...}.',
        )
    met = [name for name, claim in claims.items() if claim == "M"]
    found = {name: probe.verdicts().get(name, Verdict.NOT_TESTED) for name in met}
    probe.note(
        "claims", {"M": len(met), "tested": sum(each is not Verdict.NOT_TESTED for each in found.values())}
    )
    wrong = sorted(name for name, verdict in found.items() if verdict in _AGAINST)
    if wrong:
        raise Failure(
            f"Claimed as met, and not so in this run: {', '.join(wrong[:8])}.",
            mend="Mend it, or claim what is true.",
        )
    if all(verdict is Verdict.NOT_TESTED for verdict in found.values()):
        raise NotTested("Nothing that the statement claims was tested in this run.")
