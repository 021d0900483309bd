"""target.yaml: what it says, and everything that is wrong with it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mimas.conformance.target import Target, TargetError, load_target, target_of_url

WHOLE = """
product: {name: Broker, version: "2.1", vendor: Town Ltd}
interfaces:
  ngsi-ld: {url: "https://broker.example/ngsi-ld/v1/", options: {known_deviations: ["x"]}}
  tls: {url: "https://broker.example"}
credentials:
  token: {env: T}
  reader: {env: R, scheme: basic, user: eva}
writes: test-tenant
tenant: trial
service_area: [14.0, 50.0, 14.3, 50.3]
samples: [{path: meter.json, model: ACMeasurement}]
documents: {rulebook: rules.pdf, policy: "https://docs.example/odrl"}
profiles: [geo]
conditions: [a marketplace is claimed]
attestations: [{requirement: MIM3-RC1.3, by: Eva, date: 2026-01-31, link: "https://x", expires: 2027-01-31}]
allow: [10.0.0.0/8]
ca_file: ca.pem
limits: {requests_per_second: 5, timeout: 2}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "target.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Target:
    return load_target(written(tmp_path, WHOLE))


def test_paths_are_those_beside_the_file(target: Target, tmp_path: Path) -> None:
    """URLs stay what they are."""
    assert target.samples[0].path == tmp_path / "meter.json"
    assert target.documents == {
        "rulebook": str(tmp_path / "rules.pdf"),
        "policy": "https://docs.example/odrl",
    }
    assert target.ca_file == str(tmp_path / "ca.pem")


def test_the_base_of_ngsi_ld_ends_before_its_path(target: Target) -> None:
    """Both ways of writing it are understood."""
    assert target.interfaces["ngsi-ld"].url == "https://broker.example"


def test_hosts_the_user_named_may_be_called(target: Target) -> None:
    """Those of interfaces and of documents."""
    assert target.hosts == {"broker.example", "docs.example"}


def test_an_attestation_holds_until_its_day(target: Target) -> None:
    """That day included."""
    word = target.attestations[0]

    assert word.holds_on(date(2027, 1, 31))
    assert not word.holds_on(date(2027, 2, 1))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "file"),
        ("product: {name: x}", "interfaces"),
        ("product: {name: x}\ninterfaces: {gopher: {url: x}}", "gopher"),
        ("product: {name: x}\ninterfaces: {wfs: {url: x}}\nsecret: x", "secret"),
        ("product: {name: x}\ninterfaces: {wfs: {url: x}}\nwrites: test-tenant", "tenant"),
        ("product: {name: x}\ninterfaces: {wfs: {url: x}}\ncredentials: {token: {env: 'a b'}}", "a b"),
        ("product: {name: x}\ninterfaces: {wfs: {url: x}}\nlimits: {concurrency: 0}", "concurrency"),
        ("{", "cannot be read"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, says: str) -> None:
    """With its place."""
    with pytest.raises(TargetError, match=says):
        load_target(written(tmp_path, text))


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    """Not one after the other."""
    with pytest.raises(TargetError) as error:
        load_target(written(tmp_path, "product: {}\ninterfaces: {wfs: {}}\nwrites: all"))

    assert len(str(error.value).splitlines()) == 3


@pytest.mark.parametrize("url", ["ftp://x", "x", "http://", "https:///path"])
def test_what_is_no_url_is_refused(url: str) -> None:
    """Only http and https."""
    with pytest.raises(TargetError):
        target_of_url(url)
