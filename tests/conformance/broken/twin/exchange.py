"""Twins with which others cannot exchange."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from mimas.conformance.target import Target
from mimas.conformance.testing import broken_target
from mimas.conformance.testing.declaring import asked, faults_of
from mimas.conformance.testing.ngsi_ld import says

EXCHANGE = "TWIN.exchange-is-interoperable"
fault = faults_of("exchange", "TWIN.")

fault(
    "The data of a twin are a page.",
    "exchange-is-interoperable",
    asked(".*/items"),
    says(200, b"<html>Sorry</html>", Content_Type="text/html"),
)


@broken_target(right="exchange", caught_by=EXCHANGE, verdict="not_tested")
def twin_with_models_alone(target: Target, folder: Path) -> Target:
    """A twin has models, and no interface by which its data could be had."""
    return replace(target, interfaces={"ogcapi-processes": target.interfaces["ogcapi-processes"]})


@broken_target(right="exchange", caught_by=EXCHANGE, verdict="not_tested")
def twin_without_a_catalogue(target: Target, folder: Path) -> Target:
    """A twin has data and models, and no catalogue that offers them to others."""
    return replace(target, interfaces={k: v for k, v in target.interfaces.items() if k != "dcat-ap"})
