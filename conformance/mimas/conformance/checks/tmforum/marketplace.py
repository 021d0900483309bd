"""Offers, orders and parties: lists at their usual paths, or where the target says."""

from __future__ import annotations

from ...answer import Answer
from ...probe import Probe
from ...verdicts import Failure
from ..declaration import check

# API: option that names its path, usual paths (version 4, then 5), and what each of its items has.
_APIS = {
    "TMF620": ("catalogue", "productCatalogManagement/{}/productOffering"),
    "TMF622": ("order", "productOrderingManagement/{}/productOrder"),
    "TMF632": ("party", "party/{}/organization"),
}


@check(
    "TMF.apis-answer",
    requirement="MIM3-2022-tmf",
    mechanism="tmforum",
    level="MAY",
    clause="TMF620, TMF622, TMF632",
)
def apis_answer(probe: Probe) -> None:
    """Offers (TMF620), orders (TMF622) and parties (TMF632) answer with lists of things that have an id."""
    for name, (option, path) in _APIS.items():
        answer = _found(probe, option, path)
        if answer is None:
            raise Failure(
                f"{name} answers at none of its paths.", mend=f"Name its path as option `{option}`."
            )
        for each in answer.json_array()[:20]:
            if not isinstance(each, dict) or not each.get("id") or not each.get("href"):
                raise Failure(
                    f"{answer} with an item without id or href.", mend="Give each item id and href."
                )


def _found(probe: Probe, option: str, path: str) -> Answer | None:
    own = probe.option(option)
    for place in [str(own)] if own else [f"tmf-api/{path.format(version)}" for version in ("v4", "v5")]:
        answer = probe.read(f"{place}?limit=5", Accept="application/json")
        if answer.status in (200, 206):
            return answer
    return None
