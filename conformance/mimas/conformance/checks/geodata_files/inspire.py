"""The metadata record of a data set, as INSPIRE asks for it (ISO 19115 in ISO 19139 or ISO 19115-3)."""

from __future__ import annotations

from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ...geodata.gml import local
from ...probe import Probe
from ...verdicts import Failure
from ..declaration import check

# What INSPIRE asks of every record, by the elements that hold it.
_DUE = {
    "a title": ("title",),
    "an abstract": ("abstract",),
    "a contact": ("contact", "pointOfContact"),
    "a date": ("date", "dateInfo", "dateStamp"),
    "a reference system": ("referenceSystemInfo",),
}


@check(
    "GEODATA.inspire-metadata",
    requirement="MIM7-R5.1c",
    mechanism="documents",
    level="SHOULD",
    clause="INSPIRE metadata TG; ISO 19115",
    documents=("inspire-metadata",),
)
def inspire_metadata(probe: Probe) -> None:
    """The metadata record is ISO XML with title, abstract, contact, date and reference system, none empty."""
    try:
        root = fromstring(probe.document("inspire-metadata"))
    except (ElementTree.ParseError, DefusedXmlException) as error:
        raise Failure(f"The record is no XML that is safe to read: {error}") from error
    if local(root) != "MD_Metadata":
        raise Failure(f"The root is {local(root)}, expected MD_Metadata.", mend="Offer the ISO record.")
    filled = {local(each) for each in root.iter() if "".join(each.itertext()).strip()}
    missing = [what for what, names in _DUE.items() if not filled & set(names)]
    if missing:
        raise Failure(f"The record has no {', no '.join(missing)}.", mend="Complete the record.")
