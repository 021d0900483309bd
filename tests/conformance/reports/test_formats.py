"""Every format of a report, with hostile text from the target."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import orjson
import pytest
from jsonschema import Draft202012Validator

from mimas.conformance.reports import FORMATS, ReportError, read_report, render, report_schema, write_report
from mimas.conformance.reports.html_report import html_report

Report = dict[str, Any]
TR = "{http://www.gitb.com/tr/v1/}"


class Tags(HTMLParser):
    """Every tag and attribute of a page, and whether what was opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """Remember."""
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It must close what was opened last."""
        assert self.open.pop() == tag


def parsed(report: Report) -> Tags:
    tags = Tags()
    tags.feed(html_report(report))
    return tags


def test_the_report_follows_its_published_schema(report: Report) -> None:
    """After a way through JSON."""
    document = orjson.loads(render(report, "run.json"))

    assert list(Draft202012Validator(report_schema()).iter_errors(document)) == []


def test_the_schema_is_one() -> None:
    """By its own meta-schema."""
    Draft202012Validator.check_schema(report_schema())


def test_an_exchange_that_many_checks_share_is_kept_once(report: Report) -> None:
    """Checks name places in the log."""
    places = [tuple(each["exchanges"]) for each in report["checks"]]

    assert len(report["har"]["log"]["entries"]) == 2
    assert set(places) == {(0, 1)}


def test_no_script_survives_in_html(report: Report) -> None:
    """Neither a script, nor a handler, nor a link that runs something."""
    page = parsed(report)
    links = [value or "" for name, value in page.attributes if name in ("href", "src")]

    assert not {"script", "img", "iframe", "object"} & set(page.tags)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert all(each.startswith("#") for each in links)


def test_html_is_well_formed_and_self_contained(report: Report) -> None:
    """All is closed; nothing is loaded; its policy forbids scripts."""
    page = parsed(report)

    assert page.open == []
    assert "link" not in page.tags
    assert not re.search(r"url\(|@import", html_report(report).partition("</style>")[0])
    assert "default-src 'none'" in html_report(report)


def test_html_has_no_anchor_twice_and_no_link_to_nowhere(report: Report) -> None:
    """The front page leads to the sections."""
    page = parsed(report)
    ids = [value for name, value in page.attributes if name == "id"]
    links = {(value or "")[1:] for name, value in page.attributes if name == "href"}

    assert len(ids) == len(set(ids))
    assert links <= set(ids)


def test_junit_counts_what_it_shows(report: Report) -> None:
    """Failures, errors and skipped as CI pages read them."""
    suite = ElementTree.fromstring(render(report, "run.xml")).find("testsuite")
    assert suite is not None
    shown = [len(suite.findall(f"testcase/{kind}")) for kind in ("failure", "error", "skipped")]

    assert [int(suite.get(name, "")) for name in ("failures", "errors", "skipped")] == shown == [1, 1, 2]


def test_gitb_says_failure_and_counts(report: Report) -> None:
    """A TAR in the namespace of the test bed."""
    root = ElementTree.fromstring(render(report, "run.gitb.xml"))

    assert root.findtext(f"{TR}result") == "FAILURE"
    assert root.findtext(f"{TR}counters/{TR}nrOfErrors") == "2"
    assert len(root.findall(f"{TR}reports/{TR}error")) == 2


def test_earl_gives_each_check_an_outcome(report: Report) -> None:
    """One assertion for each check, one more for each person's word."""
    document = orjson.loads(render(report, "run.jsonld"))
    outcomes = {
        each["earl:test"]["@id"]: each["earl:result"]["earl:outcome"]
        for each in document["@graph"]
        if each["@type"] == "earl:Assertion" and each["earl:mode"] == "earl:automatic"
    }

    assert outcomes["urn:mimas:check:test%2Ffail"] == "earl:failed"
    assert outcomes["urn:mimas:check:test%2Fattested"] == "earl:cantTell"
    assert len(outcomes) == len(report["checks"])


def test_earl_is_json_ld(report: Report) -> None:
    """A processor reads it without fetching anything."""
    pyld = pytest.importorskip("pyld")
    document = orjson.loads(render(report, "run.jsonld"))
    expanded = pyld.jsonld.expand(document)
    types = {kind for each in expanded[0].get("@graph", expanded) for kind in each["@type"]}

    assert "http://www.w3.org/ns/earl#Assertion" in types


def test_the_badge_says_verdict_and_share(report: Report) -> None:
    """With a name for those who do not see it."""
    root = ElementTree.fromstring(render(report, "badge.svg"))

    assert "fails" in "".join(root.itertext())
    assert "MUST tested" in root.get("aria-label", "")


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_can_be_written(report: Report, tmp_path: Path, suffix: str) -> None:
    """The suffix names the format; folders are made."""
    path = tmp_path / "new" / f"run{suffix}"
    write_report(report, path)

    assert path.stat().st_size > 100


def test_an_unknown_suffix_is_refused(report: Report) -> None:
    """With the list of those that there are."""
    with pytest.raises(ReportError, match=r"\.gitb\.xml"):
        render(report, "run.pdf")


def test_a_report_is_read_back(report: Report, tmp_path: Path) -> None:
    """As it was written."""
    write_report(report, tmp_path / "run.json")

    assert read_report(tmp_path / "run.json")["verdict"] == report["verdict"]


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 1}', "[" * 100_000])
def test_what_is_no_report_is_refused(tmp_path: Path, text: str) -> None:
    """Never a crash."""
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ReportError):
        read_report(tmp_path / "run.json")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1440])
def test_html_is_drawn_in_a_browser(report: Report, tmp_path: Path, width: int) -> None:
    """At the width of a phone and of a desk, without a complaint and without a script that ran."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    page, picture = tmp_path / "run.html", tmp_path / "run.png"
    page.write_text(html_report(report))
    done = subprocess.run(
        [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
         f"--window-size={width},900", f"--screenshot={picture}", page.as_uri()],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert "CONSOLE" not in done.stderr
    assert struct.unpack(">I", picture.read_bytes()[16:20])[0] == width


def test_a_wrong_interface_is_said_in_words(report: Report) -> None:
    """What came instead is folded away behind them, for who mends it."""
    contact = {**report["contacts"][0], "mechanism": "wfs", "url": "http://x/wfs", "verdict": "fail"}
    page = html_report({**report, "contacts": [contact]})

    assert "What answers at http://x/wfs is no Web Feature Service." in page


def test_checks_of_what_is_not_claimed_are_only_counted(report: Report) -> None:
    """They say nothing of the product, and would hide what does."""
    checks = [{**each, "mechanism": "wfs", "verdict": "not_tested"} for each in report["checks"]]
    page = html_report({**report, "checks": checks})

    assert "more checks are for interfaces that the product does not claim: Web Feature Service." in page
    assert checks[0]["title"] not in page


def test_a_check_stands_in_full_only_once(report: Report) -> None:
    """Where it is evidence for another requirement of the MIM, that refers to it."""
    failed = next(each for each in report["requirements"] if each["verdict"] == "fail")
    again = {**failed, "id": "MIM0-again"}
    page = html_report({**report, "requirements": [*report["requirements"], again]})

    assert page.count(f"<code>{failed['checks'][0]}</code>") == 1
    assert f"See <a href='#r-{failed['id'].replace('.', '-')}'>" in page
