"""The Dataset entity of a source."""

from __future__ import annotations

from pathlib import Path

from mimas.adapters.mapping import load_mapping
from mimas.ngsi_ld.models import check
from mimas.platform.harvest.datasets import describe_dataset

MAPPING = """\
description: Car parks
source: {table: {url: "https://me:secret@data.example.org:8443/parking.csv?apikey=secret#a", key: [id]}}
payload: {format: csv}
let: {id: {column: id}}
entities:
  park: {type: OffStreetParking, id: "urn:ngsi-ld:OffStreetParking:{id}", attributes: {name: {column: id}}}
"""
OWN = {"name", "dataProvider"}


def test_dataset_keeps_keys_to_itself(tmp_path: Path) -> None:
    """Keys stand in a query, passwords before the host: neither is published."""
    (tmp_path / "s.yaml").write_text(MAPPING)
    document = describe_dataset(load_mapping(tmp_path / "s.yaml"))
    assert document["source"]["value"] == ["https://data.example.org:8443/parking.csv"]


def test_dataset_has_the_shapes_of_its_model(tmp_path: Path) -> None:
    """With a home page and without one, its model finds only the two attributes that are Mimas's own."""
    (tmp_path / "s.yaml").write_text(MAPPING)
    home = "provenance: {homepage: https://example.org/parking, title: Parking, provider: Town}\n"
    (tmp_path / "t.yaml").write_text(MAPPING + home)
    bare, homed = (describe_dataset(load_mapping(tmp_path / name)) for name in ("s.yaml", "t.yaml"))

    assert {each.attribute for document in (bare, homed) for each in check(document)} <= OWN
    assert (bare["title"]["value"], bare["description"]["value"]) == (["Car parks"], ["Car parks"])
    assert (homed["title"]["value"], homed["landingPage"]["value"]) == (
        ["Parking"],
        ["https://example.org/parking"],
    )
