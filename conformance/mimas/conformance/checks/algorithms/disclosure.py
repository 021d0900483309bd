"""What is disclosed about an algorithm, and what its register answers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from ...answer import Answer
from ...probe import Probe
from ...structured import expect_list, expect_members, expect_sections, read_data, read_sections
from ...verdicts import Failure, NotTested
from ..declaration import check

MIM5 = "MIMs Plus 5.0, MIM5"
_URL = re.compile(r"https?://[^\s)\"'<>]+")
_AI_WORDS = re.compile(
    r"forecast|predict|machine learning|neural|classif|recogni|scoring|deep learning|language model",
    re.IGNORECASE,
)


@check(
    "ALGORITHMS.procedure-is-disclosed",
    requirement="MIM5-R1",
    mechanism="documents",
    clause=f"{MIM5}, area 1",
    documents=("algorithm-disclosure",),
)
def procedure(probe: Probe) -> None:
    """The disclosure names the choices made, the parties, the risks, and what is done against them."""
    due = {
        "the choices": ("choice", "decision", "assumption"),
        "the parties": ("part", "stakeholder", "supplier"),
        "the risks": ("risk",),
        "the mitigations": ("mitigation", "measure", "safeguard"),
    }
    expect_sections(read_sections(probe, "algorithm-disclosure"), due, "The document 'algorithm-disclosure'")


@check(
    "ALGORITHMS.technique-is-disclosed",
    requirement="MIM5-R2",
    mechanism="documents",
    clause=f"{MIM5}, area 2",
    documents=("algorithm-technical",),
)
def technique(probe: Probe) -> None:
    """The technical disclosure gives source, model, learnings and goals, and its links answer."""
    found = read_sections(probe, "algorithm-technical")
    due = {
        "the source": ("source", "code", "repository"),
        "the model": ("model",),
        "the learnings": ("learning", "training", "lesson"),
        "the goals": ("goal", "purpose", "objective"),
    }
    expect_sections(found, due, "The document 'algorithm-technical'")
    places = [url for text in found.values() for url in _URL.findall(text)][:5]
    if not places:
        raise Failure("No link leads to the source or the model.", mend="Link what the buyer can read.")
    for each in places:
        probe.fetch(each).expect(200, mend="Let the buyer reach source and model.")


@check(
    "ALGORITHMS.decision-is-explained",
    requirement="MIM5-R3",
    mechanism="documents",
    clause=f"{MIM5}, area 3",
    documents=("algorithm-explanation",),
)
def explained(probe: Probe) -> None:
    """The explanation of one decision names the decision, its outcome and the reasons for it."""
    _expect_explanation(read_data(probe, "algorithm-explanation"))


def _expect_explanation(value: Any) -> None:
    expect_members(value, ("decision", "outcome", "reasons"), "The explanation")
    if not isinstance(value["reasons"], list):
        raise Failure("The reasons of the explanation are no list.", mend="List the reasons, one by one.")


@check(
    "ALGORITHMS.fairness-is-measured",
    requirement="MIM5-R4",
    mechanism="documents",
    clause=f"{MIM5}, area 4",
    documents=("bias-report",),
)
def fairness(probe: Probe) -> None:
    """The bias report measures the same for at least two groups."""
    report = read_data(probe, "bias-report")
    groups = expect_list(report, "`groups` of the bias report", "groups")
    if len(groups) < 2:
        raise Failure("The bias report looks at one group only.", mend="Compare at least two groups.")
    measured = [_metrics(each) for each in groups]
    if any(each != measured[0] for each in measured):
        raise Failure(
            "The groups of the bias report are measured by different metrics.", mend="Use the same."
        )


def _metrics(group: dict[str, Any]) -> frozenset[str]:
    expect_members(group, ("name", "metrics"), "A group of the bias report")
    numbers = {name for name, value in group["metrics"].items() if isinstance(value, int | float)}
    if not numbers:
        raise Failure(f"Group {group['name']!r} has no measured number.", mend="Give figures, not words.")
    return frozenset(numbers)


# -- the register


def _register(probe: Probe) -> tuple[Answer, dict[str, Any]]:
    answer = probe.read("", Accept="application/json").expect(200)
    body = answer.json_object()
    if not isinstance(body.get("usesAI"), bool) or not isinstance(body.get("algorithms"), list):
        raise Failure(f"{answer}, but without `usesAI` and a list `algorithms`.", mend="Answer both.")
    return answer, body


@check(
    "ALGORITHMS.register-answers-three-questions",
    requirement="MIM5-API",
    mechanism="algorithm-register",
    level="SHOULD",
    clause=f"{MIM5}, roadmap",
)
def three_questions(probe: Probe) -> None:
    """The register says whether AI is used, for what, and who certified it."""
    _, body = _register(probe)
    if body["usesAI"] and not body["algorithms"]:
        raise Failure("AI is used, and no algorithm is listed.", mend="List the algorithms.")
    for each in body["algorithms"]:
        expect_members(each, ("name", "purpose", "certifiedBy"), "An algorithm of the register")


@check(
    "ALGORITHMS.register-does-not-contradict-itself",
    requirement="MIM5-API",
    mechanism="algorithm-register",
    level="SHOULD",
    clause=f"{MIM5}, roadmap",
)
def no_contradiction(probe: Probe) -> None:
    """Where the register says that no AI is used, it lists nothing that forecasts, classifies or learns."""
    _, body = _register(probe)
    if body["usesAI"]:
        return
    for each in body["algorithms"]:
        words = " ".join(str(value) for value in each.values())
        if each.get("usesAI") or _AI_WORDS.search(words):
            raise Failure(
                f"The register says that no AI is used, and lists {each.get('name')!r}: {words[:120]}",
                mend="Say that AI is used, or why this is none.",
            )


@check(
    "ALGORITHMS.register-explains-decisions",
    requirement="MIM5-R3",
    mechanism="algorithm-register",
    clause=f"{MIM5}, area 3",
)
def explains(probe: Probe) -> None:
    """Where an algorithm of the register names an `explanation`, that explains one decision."""
    answer, body = _register(probe)
    named = [str(each["explanation"]) for each in body["algorithms"] if each.get("explanation")]
    if not named:
        raise NotTested("No algorithm of the register names an `explanation`.")
    for each in named[:5]:
        _expect_explanation(
            probe.read(urljoin(answer.url, each), Accept="application/json").expect(200).json()
        )
