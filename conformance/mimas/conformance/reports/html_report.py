"""The report as one HTML page: a front page for who decides, a section for each MIM for who mends.

Everything that comes from the target goes through `_text`. The page has no script, and its own policy forbids
any.
"""

from __future__ import annotations

from datetime import datetime
from html import escape
from importlib import resources
from typing import Any

from ..catalogue import load_catalogue
from ..checks import OFFERED
from .words import (
    DEFAULT_REASON,
    MECHANISM_TITLES,
    MIM_REASONS,
    MIM_TITLES,
    NO_FAILURE,
    RUN_WORDS,
    VERDICT_MEANINGS,
    VERDICT_WORDS,
    mim_words,
)
from .xml_text import clean

Report = dict[str, Any]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_SHOWN = frozenset({"fail", "error", "warn"})
_LONGEST_BODY = 3_000


def html_report(report: Report) -> str:
    """The whole page."""
    style = (resources.files(__package__) / "report.css").read_text()
    title = f"Conformance of {report['target']['name']}"
    sections = "".join(_mim_section(report, each) for each in report["mims"])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{style}</style></head><body>"
        '<a class="skip" href="#mims">Skip to the results</a>'
        f"<main>{_front(report)}{sections}{_closing(report)}</main></body></html>\n"
    )


def _front(report: Report) -> str:
    target = report["target"]
    version = f" {target['version']}" if target["version"] else ""
    return (
        f"<header><p class='soft'>Check against MIMs Plus {_text(report['catalogue']['edition'])}, "
        f"{_date(report['started'])}</p><h1>{_text(target['name'])}{_text(version)}</h1></header>"
        f"{_verdict_box(report)}{_mim_table(report)}{_to_mend(report)}{_how_to_read()}"
    )


def _verdict_box(report: Report) -> str:
    tested = sum(each["must_tested"] for each in report["mims"])
    total = sum(each["must_total"] for each in report["mims"])
    musts = [each for each in report["requirements"] if each["level"] == "MUST"]
    failed = sum(each["verdict"] == "fail" for each in musts)
    word = sum(each["verdict"] in ("attested", "equivalent") for each in musts)
    unjudged = [each["mim"] for each in report["mims"] if each["verdict"] in ("error", "not_tested")]
    missing = f"<p>Could not be judged: {_text(', '.join(unjudged))}.</p>" if unjudged else ""
    stopped = "<p>The run was stopped before its end.</p>" if report["stopped"] else ""
    attested = f" {word} rest on somebody's word." if word else ""
    verb = "is" if failed == 1 else "are"
    return (
        f"<div class='verdict {_text(report['verdict'])}'>"
        f"<strong>{_run_words(report, tested, total)}</strong>"
        f"<p>{tested} of {total} obligations (MUST) were really tested; "
        f"{failed} of them {verb} broken.{attested}</p>{missing}{_contacts(report)}{stopped}</div>"
    )


def _run_words(report: Report, tested: int, total: int) -> str:
    if report["verdict"] == "pass" and tested == total:
        return "The product conforms: every obligation was tested and holds"
    return RUN_WORDS.get(report["verdict"], RUN_WORDS["not_tested"])


def _contacts(report: Report) -> str:
    """What was found in the place of an interface: in words first, as it was said behind them."""
    wrong = [each for each in report["contacts"] if each["verdict"] != "pass"]
    return "".join(
        f"<p>{_tag(each['verdict'])} {_contact_words(each)}</p>"
        f"<details><summary>What came instead</summary><p>{_text(each['message'])}</p></details>"
        for each in wrong
    )


def _contact_words(contact: Report) -> str:
    what = str(MECHANISM_TITLES.get(contact["mechanism"], contact["mechanism"]))
    if contact["verdict"] == "fail":
        return f"What answers at {_text(contact['url'])} is no {_text(what)}."
    return f"At {_text(contact['url'])} no {_text(what)} could be reached."


def _mim_table(report: Report) -> str:
    rows = "".join(
        f"<tr><td><a href='#{_anchor(each['mim'])}'><b>{_text(each['mim'])}</b> "
        f"{_text(MIM_TITLES.get(each['mim'], ''))}</a></td><td>{_mim_tag(each)}</td>"
        f"<td data-name='Level '>{_text(each['level'])}</td>"
        f"<td data-name='MUSTs tested '>{_share(each)}</td></tr>"
        for each in report["mims"]
    )
    return (
        "<h2 id='mims'>Result by MIM</h2><div class='scroll'><table class='mims'><thead><tr>"
        "<th scope='col'>MIM</th><th scope='col'>Result</th><th scope='col'>Level</th>"
        f"<th scope='col'>MUSTs tested</th></tr></thead><tbody>{rows}</tbody></table></div>"
        f"<p class='small soft'>Levels: {_text(report['level_rule'])}</p>"
    )


def _share(mim: Report) -> str:
    tested, total = mim["must_tested"], mim["must_total"]
    percent = round(100 * tested / total) if total else 0
    return (
        f"<span class='share' aria-hidden='true'><i style='width:{percent}%'></i></span> {tested} of {total}"
    )


def _to_mend(report: Report) -> str:
    failed = [
        each for each in report["requirements"] if each["verdict"] == "fail" and each["level"] == "MUST"
    ]
    if not failed:
        return ""
    groups = "".join(
        f"<h3>{_text(mim)} {_text(MIM_TITLES.get(mim, ''))}</h3>"
        f"<p class='soft'>{_text(MIM_REASONS.get(mim, DEFAULT_REASON))}</p><ul>"
        + "".join(
            f"<li><a href='#{_anchor(each['id'])}'>{_text(each['title'])}</a> "
            f"<span class='soft'>({_text(each['id'])})</span>{_first_failures(report, each)}</li>"
            for each in failed
            if each["mim"] == mim
        )
        + "</ul>"
        for mim in dict.fromkeys(each["mim"] for each in failed)
    )
    return f"<h2>What must be mended</h2>{groups}"


def _first_failures(report: Report, requirement: Report) -> str:
    """What does not hold, as the titles of at most two checks."""
    checks = {each["id"]: each for each in report["checks"] if each["verdict"] == "fail"}
    titles = [checks[each]["title"] for each in requirement["checks"] if each in checks]
    if not titles:
        return ""
    more = f" And {len(titles) - 2} more." if len(titles) > 2 else ""
    return f"<br><span class='soft'>Does not hold: {_text(' '.join(titles[:2]))}{more}</span>"


def _how_to_read() -> str:
    rows = "".join(
        f"<dt>{_tag(verdict)}</dt><dd>{_text(meaning)}</dd>" for verdict, meaning in VERDICT_MEANINGS.items()
    )
    return f"<details><summary>What the words mean</summary><dl>{rows}</dl></details>"


def _mim_section(report: Report, mim: Report) -> str:
    name = mim["mim"]
    requirements = [each for each in report["requirements"] if each["mim"] == name]
    checks = {each["id"]: each for each in report["checks"]}
    shown: dict[str, str] = {}
    return (
        f"<section class='mim'><h2 id='{_anchor(name)}'>{_text(name)} {_text(MIM_TITLES.get(name, ''))}</h2>"
        f"<p>{_mim_tag(mim)} Level {_text(mim['level'])}, {mim['must_tested']} of "
        f"{mim['must_total']} MUSTs tested. Requirements: {_counts(mim)}.</p>"
        f"<p><b>Why it matters.</b> {_text(MIM_REASONS.get(name, DEFAULT_REASON))}</p>"
        + "".join(_requirement(report, each, checks, shown) for each in requirements)
        + "</section>"
    )


def _counts(mim: Report) -> str:
    return (
        ", ".join(f"{count} {VERDICT_WORDS[verdict].lower()}" for verdict, count in mim["counts"].items())
        or "none"
    )


def _requirement(
    report: Report, requirement: Report, checks: dict[str, Report], shown: dict[str, str]
) -> str:
    """One requirement with its checks; `shown` says under which requirement a check stands in full."""
    own = [checks[each] for each in requirement["checks"] if each in checks]
    head = (
        f"<article><h3 id='{_anchor(requirement['id'])}'>{_tag(requirement['verdict'])} "
        f"{_text(requirement['title'])}</h3><p class='small soft'>{_text(requirement['id'])} · "
        f"{_text(requirement['level'])} · {_text(requirement['reference'])} · "
        f"{'asked for by the MIM' if requirement['confidence'] == 'official' else 'derived by this checker'}"
        f"</p>{_asked(requirement)}"
    )
    loud = "".join(
        _check(report, each)
        if shown.setdefault(each["id"], requirement["id"]) == requirement["id"]
        else _check_again(each, shown[each["id"]])
        for each in own
        if each["verdict"] in _SHOWN
    )
    quiet = [each for each in own if each["verdict"] not in _SHOWN]
    return head + _attestations(requirement) + loud + _quiet(report, quiet) + "</article>"


def _asked(requirement: Report) -> str:
    """What the requirement asks, shown in full where something is wrong."""
    try:
        test = load_catalogue().get(requirement["id"]).test
    except KeyError:  # a report of another edition
        return ""
    if requirement["verdict"] in _SHOWN:
        return f"<p><b>How it is tested.</b> {_text(test)}</p>"
    return f"<details><summary>How it is tested</summary><p>{_text(test)}</p></details>"


def _attestations(requirement: Report) -> str:
    return "".join(
        f"<p>{'Equivalent' if each['equivalent'] else 'Attested'} by {_text(each['by'])} on "
        f"{_text(each['date'])}{_until(each)}: {_link(each['link'])} {_text(each['text'] or '')}</p>"
        for each in requirement["attestations"]
    )


def _until(attestation: Report) -> str:
    return f", until {_text(attestation['expires'])}" if attestation["expires"] else ""


def _link(address: str) -> str:
    if address.startswith(("https://", "http://")):
        return f"<a href='{_text(address)}' rel='noreferrer'>{_text(address)}</a>"
    return _text(address)


def _check(report: Report, check: Report) -> str:
    clause = f" · {_text(check['clause'])}" if check["clause"] else ""
    mend = f"<p class='mend'><b>How to mend it.</b> {_text(check['mend'])}</p>" if check["mend"] else ""
    left = "".join(f"<p><b>Left behind:</b> {_text(each)}</p>" for each in check["left_behind"])
    return (
        f"<div class='check'><p>{_tag(check['verdict'])} <b>{_text(check['title'])}</b></p>"
        f"<p>{_text(check['message'])}</p>{mend}{left}"
        f"<p class='small soft'><code>{_text(check['id'])}</code> · {_text(check['mechanism'])} · "
        f"{_text(check['level'])}{clause}</p>{_exchanges(report, check)}</div>"
    )


def _check_again(check: Report, where: str) -> str:
    """A check that stands in full under another requirement."""
    return (
        f"<div class='check'><p>{_tag(check['verdict'])} <b>{_text(check['title'])}</b> "
        f"<span class='soft'>See <a href='#{_anchor(where)}'>{_text(where)}</a>.</span></p></div>"
    )


def _exchanges(report: Report, check: Report) -> str:
    entries = report["har"]["log"]["entries"]
    found = [entries[place] for place in check["exchanges"] if place < len(entries)]
    if not found:
        return ""
    return (
        f"<details><summary>What was sent, and what came back ({len(found)})</summary>"
        + "".join(map(_exchange, found))
        + "</details>"
    )


def _exchange(entry: Report) -> str:
    request, response = entry["request"], entry["response"]
    sent = [f"{request['method']} {request['url']}", *_header_lines(request)]
    if body := request.get("postData", {}).get("text"):
        sent += ["", _cut(body)]
    came = [str(response["status"] or "no answer"), *_header_lines(response)]
    if entry.get("_error"):
        came.append(entry["_error"])
    if body := response.get("content", {}).get("text"):
        came += ["", _cut(body)]
    first, second = (
        ("The target sent", "The checker answered") if "_direction" in entry else ("Sent", "Came back")
    )
    return f"<p class='small soft'>{first}</p>{_pre(sent)}<p class='small soft'>{second}</p>{_pre(came)}"


def _header_lines(message: Report) -> list[str]:
    return [f"{each['name']}: {each['value']}" for each in message.get("headers", ())]


def _pre(lines: list[str]) -> str:
    return f"<pre tabindex='0'>{_text(chr(10).join(lines))}</pre>"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_BODY else f"{text[:_LONGEST_BODY]} ... ({len(text)} characters)"


def _quiet(report: Report, checks: list[Report]) -> str:
    """What passed, or was not tested: one line each, folded away.

    Checks of interfaces that the product does not claim are only counted.
    """
    claimed = {each["mechanism"] for each in report["target"]["interfaces"]} | OFFERED
    elsewhere = [each for each in checks if each["mechanism"] not in claimed]
    checks = [each for each in checks if each["mechanism"] in claimed]
    beside = _elsewhere(elsewhere)
    if not checks:
        return beside
    rows = "".join(
        f"<li>{_tag(each['verdict'])} {_text(each['title'])} <span class='soft'>(<code>{_text(each['id'])}"
        f"</code>{_reason(each)})</span></li>"
        for each in checks
    )
    passed = sum(each["verdict"] == "pass" for each in checks)
    counts = {"passed": passed, "not tested": len(checks) - passed}
    summary = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"<details><summary>{summary}</summary><ul>{rows}</ul></details>{beside}"


def _elsewhere(checks: list[Report]) -> str:
    if not checks:
        return ""
    names = dict.fromkeys(each["mechanism"] for each in checks)
    titles = ", ".join(MECHANISM_TITLES.get(each, each) for each in names)
    return (
        f"<p class='small soft'>{len(checks)} more checks are for interfaces that the product does not "
        f"claim: {_text(titles)}.</p>"
    )


def _reason(check: Report) -> str:
    return "" if check["verdict"] == "pass" else f": {_text(check['message'])}"


def _closing(report: Report) -> str:
    target, catalogue = report["target"], report["catalogue"]
    interfaces = ", ".join(f"{each['mechanism']} at {each['url']}" for each in target["interfaces"])
    seconds = (_time(report["finished"]) - _time(report["started"])).total_seconds()
    size = f"{len(report['checks'])} checks, {len(report['har']['log']['entries'])} exchanges"
    rows = {
        "Vendor": target["vendor"] or "not stated",
        "Interfaces": interfaces,
        "May be written": target["writes"],
        "Profiles": ", ".join(report["profiles"]) or "a selection",
        "SHOULD counts": "like MUST (strict)" if report["strict"] else "as a warning",
        "Started": report["started"],
        "Took": f"{seconds:.1f} s, {size}",
        "Tool": f"{report['tool']['name']} {report['tool']['version']}",
        "Catalogue": f"{catalogue['id']} {catalogue['version']}, edition {catalogue['edition']}",
        "SHA-256 of it": catalogue["sha256"],
    }
    body = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in rows.items())
    return f"<section><h2>About this run</h2><dl>{body}</dl></section>"


def _tag(verdict: str) -> str:
    return f"<span class='tag {_text(verdict)}'>{_text(VERDICT_WORDS.get(verdict, verdict))}</span>"


def _mim_tag(mim: Report) -> str:
    word = mim_words(mim["verdict"], mim["must_tested"], mim["must_total"])
    look = "partial" if word == NO_FAILURE else mim["verdict"]
    return f"<span class='tag {_text(look)}'>{_text(word)}</span>"


def _anchor(name: str) -> str:
    return "r-" + "".join(letter if letter.isalnum() else "-" for letter in name)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _date(text: str) -> str:
    return f"{_time(text):%d %B %Y}"


def _text(text: str) -> str:
    """Text that can be markup nowhere: neither between tags nor in an attribute."""
    return escape(clean(text), quote=True)
