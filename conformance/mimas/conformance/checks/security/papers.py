"""Documents on security: dependencies, backups, risks, keys, reviews of rights (MIM6)."""

from __future__ import annotations

from typing import Any

from ...probe import Probe
from ...verdicts import Failure
from ..declaration import check
from .paper import expect_dated, expect_words, structured

ISO = "ISO/IEC 27001:2022"
_OPEN = frozenset({"exploitable", "in_triage", "under_investigation", "affected", None})


@check(
    "DOCUMENT.sbom",
    requirement="MIM6-D05",
    mechanism="documents",
    level="SHOULD",
    clause="NIS2 Art. 21(2)(d)",
    documents=("sbom",),
)
def sbom(probe: Probe) -> None:
    """The bill of materials (CycloneDX, SPDX) has components with versions, no open critical weakness."""
    document = structured(probe, "sbom")
    parts = _parts(document)
    unnamed = [
        each for each in parts if not each.get("name") or not (each.get("version") or each.get("versionInfo"))
    ]
    if not parts or len(unnamed) > len(parts) // 2:
        raise Failure(f"The bill of materials has {len(parts)} components, {len(unnamed)} without version.")
    for weakness in document.get("vulnerabilities") or ():
        state = (weakness.get("analysis") or {}).get("state")
        severities = {str(each.get("severity", "")).lower() for each in weakness.get("ratings") or ()}
        if "critical" in severities and state in _OPEN:
            raise Failure(
                f"{weakness.get('id')} is critical and open.", mend="Update the component, or say why not."
            )


def _parts(document: Any) -> list[dict[str, Any]]:
    if not isinstance(document, dict) or not (
        document.get("bomFormat") == "CycloneDX" or "spdxVersion" in document
    ):
        raise Failure(
            "The bill of materials is neither CycloneDX nor SPDX.", mend="Make it with a tool for that."
        )
    parts = document.get("components") or document.get("packages") or []
    return [each for each in parts if isinstance(each, dict)]


@check(
    "DOCUMENT.restore-drill",
    requirement="MIM6-D06",
    mechanism="documents",
    level="SHOULD",
    clause=f"{ISO} A.8.13",
    documents=("restore-drill",),
)
def restore(probe: Probe) -> None:
    """The record of a restore from backup is not older than twelve months, and says what came of it."""
    expect_words(
        probe, "restore-drill", ("restore", "recovery", "obnov"), ("success", "result", "ok", "duration")
    )
    expect_dated(probe, "restore-drill")


@check(
    "DOCUMENT.risk-register",
    requirement="MIM6-D07",
    mechanism="documents",
    level="SHOULD",
    clause="ISO/IEC 27005; NIS2 Art. 21",
    documents=("risk-register",),
)
def risks(probe: Probe) -> None:
    """The risk register has likelihood, impact and treatment, says where NIS2 stands, and is dated."""
    expect_words(
        probe,
        "risk-register",
        ("risk",),
        ("likelihood", "probability"),
        ("impact",),
        ("treatment", "measure"),
        ("nis2",),
    )
    expect_dated(probe, "risk-register")


@check(
    "DOCUMENT.key-management",
    requirement="MIM6-R2.1",
    mechanism="documents",
    clause=f"{ISO} A.8.24",
    documents=("key-management",),
)
def key_management(probe: Probe) -> None:
    """The document on keys says how they are rotated and how data at rest is encrypted, and is dated."""
    expect_words(probe, "key-management", ("rotation", "rotate", "renew"), ("at rest", "at-rest", "disk"))
    expect_dated(probe, "key-management")


@check(
    "DOCUMENT.access-review",
    requirement="MIM6-R1.3",
    mechanism="documents",
    clause=f"{ISO} A.5.18",
    documents=("access-review",),
)
def access_review(probe: Probe) -> None:
    """The review of access rights names who reviewed, and is not older than twelve months."""
    expect_words(probe, "access-review", ("review",), ("by", "reviewer"))
    expect_dated(probe, "access-review")
