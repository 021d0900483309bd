"""Running the models of a twin: results, status, workflows, rights, provenance."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from ...structured import expect_list, expect_members, read_data
from ...verdicts import Failure, NotTested
from .models import STANDARD, Inputs, Models, same, twin

WORKFLOW, RECORD = "twin-workflow", "run-record"


@twin("model-is-described", ("MIM8-R3.1", "MIM8-R3.2"), f"{STANDARD}, 7.10.2", level="SHOULD", runs=False)
def is_described(models: Models) -> None:
    """Each model says in words what it does, and describes its inputs and its outputs by schemas."""
    for each in models.listed()[:10]:
        described = models.described(str(each["id"]))
        expect_members(described, ("id", "version", "title", "description"), f"The model {each['id']!r}")
        for kind in ("inputs", "outputs"):
            parts = described.get(kind) or {}
            bare = [name for name, part in parts.items() if not part.get("schema")]
            if not parts or bare:
                raise Failure(
                    f"The model {each['id']!r} describes no {kind}, or some without a schema: {bare[:3]}.",
                    mend="Describe every input and output by a schema.",
                )


@twin("listed-models-are-there", "MIM8-R3.2", f"{STANDARD}, 7.9, 7.10", runs=False)
def are_there(models: Models) -> None:
    """Every model that is listed is described where the list says, under the same id."""
    for each in models.listed()[:20]:
        found = models.described(str(each["id"])).get("id")
        if found != each["id"]:
            raise Failure(f"The description of {each['id']!r} has the id {found!r}.")


@twin("example-runs", ("MIM8-R3.2", "MIM8-R1.1"), f"{STANDARD}, 7.11")
def example_runs(models: Models) -> None:
    """A model runs with its example inputs and gives the outputs that its description names, as data."""
    name, inputs = models.example()
    _expect_described(models, name, models.results(name, inputs))


def _expect_described(models: Models, name: str, outputs: Inputs) -> None:
    due = models.described(name).get("outputs") or {}
    missing = [each for each in due if each not in outputs]
    if missing and len(due) > 1:
        raise Failure(
            f"The run of {name!r} gives {sorted(outputs)}, its description names {sorted(due)}.",
            mend="Give what the description promises.",
        )
    for each, part in due.items():
        if each in outputs and (why := _against(part.get("schema"), _value(outputs[each]))):
            raise Failure(f"Output {each!r} of {name!r} is not as its schema says: {why}")


def _value(output: Any) -> Any:
    """An output as such, which may be wrapped as {"value": ...}."""
    return output["value"] if isinstance(output, dict) and "value" in output else output


def _against(schema: Any, value: Any) -> str | None:
    if not isinstance(schema, dict) or any(key in str(schema) for key in ("contentMediaType", "$ref")):
        return None
    try:
        return next((each.message[:160] for each in Draft202012Validator(schema).iter_errors(value)), None)
    except SchemaError as error:
        raise Failure(f"The schema of an output is none: {error.message[:120]}") from error


@twin("unknown-model-is-404", "MIM8-R3.2", f"{STANDARD}, 7.10.3, 7.11.5")
def unknown_model(models: Models) -> None:
    """A model that does not exist is answered 404, described or run."""
    nothing = models.probe.unique("model")
    models.probe.read(f"/processes/{nothing}", Accept="application/json").expect(404)
    models.start(nothing, {}).expect(404)


# -- status


@twin("status-done", "MIM8-R4.3", f"{STANDARD}, 7.12")
def status_done(models: Models) -> None:
    """A run that goes on by itself can be watched until it is done, and gives its results then."""
    name, inputs = models.example()
    job = models.job_of(models.start(name, inputs, wait=False))
    if (status := models.wait_for(job, ("successful", "failed"))) != "successful":
        raise Failure(f"The example run of {name!r} ended as {status!r}.")
    models.probe.get(f"{job}/results", Accept="application/json").expect(200)


def _bad(inputs: Inputs) -> Inputs:
    """Inputs that no model takes."""
    return dict.fromkeys(inputs, "mimas-check: no such value")


@twin("status-failed", "MIM8-R4.3", f"{STANDARD}, 7.12")
def status_failed(models: Models) -> None:
    """A run with inputs that are none is refused or ends as failed, and has no results."""
    name, inputs = models.example()
    answer = models.start(name, _bad(inputs), wait=False)
    if 400 <= answer.status < 500:
        return
    job = models.job_of(answer)
    status = models.wait_for(job, ("successful", "failed", "dismissed"))
    if status == "successful":
        raise Failure(
            f"A run of {name!r} with inputs that are none is shown as done.",
            mend="Let a run that failed have the status failed.",
        )
    results = models.probe.get(f"{job}/results", Accept="application/json")
    if results.status < 400:
        raise Failure(
            f"{results} for a run that failed.", mend="Answer the results of a failed run with an error."
        )


@twin("status-interrupted", "MIM8-R4.3", f"{STANDARD}, 13", level="SHOULD")
def status_interrupted(models: Models) -> None:
    """A run can be stopped, and is dismissed or gone afterwards, never done."""
    name, inputs = models.example()
    job = models.job_of(models.start(name, inputs, wait=False))
    stopped = models.probe.send("DELETE", job)
    stopped.expect(200, 204, 404, 410, mend="Offer to stop a job (DELETE).")
    after = models.probe.get(job, Accept="application/json")
    if after.status in (404, 410):
        return
    status = after.expect(200).json_object().get("status")
    if status not in ("dismissed", "successful") or (status == "successful" and stopped.status == 200):
        raise Failure(f"After it was stopped {job} has the status {status!r}.", mend="Say dismissed.")


# -- workflows


def _steps(models: Models) -> list[dict[str, Any]]:
    steps = expect_list(read_data(models.probe, WORKFLOW), f"The document {WORKFLOW!r}", "steps")
    for each in steps:
        expect_members(each, ("process", "inputs"), "A step of the workflow")
    return steps


def _run_all(models: Models, steps: list[dict[str, Any]], first: Inputs | None = None) -> list[Inputs]:
    """The outputs of each step; an input `{"from": step, "output": name}` is an output of an earlier one."""
    done: list[Inputs] = []
    for number, step in enumerate(steps):
        given = first if first is not None and number == 0 else step["inputs"]
        inputs = {name: _taken(value, done) for name, value in given.items()}
        done.append(models.results(str(step["process"]), inputs))
    return done


def _taken(value: Any, done: list[Inputs]) -> Any:
    if not (isinstance(value, dict) and isinstance(value.get("from"), int)):
        return value
    if not 0 <= value["from"] < len(done) or value.get("output") not in done[value["from"]]:
        raise Failure(f"The workflow takes {value} from a step that gives no such output.")
    return _value(done[value["from"]][value["output"]])


@twin("workflow-runs", "MIM8-R4.1", "MIMs Plus 9.0, MIM8 R4.1", documents=(WORKFLOW,))
def workflow_runs(models: Models) -> None:
    """The offered workflow runs from its sources to its last output."""
    _run_all(models, _steps(models))


@twin("output-is-input", "MIM8-R4.2", "MIMs Plus 9.0, MIM8 R4.2", documents=(WORKFLOW,))
def output_is_input(models: Models) -> None:
    """A later step takes an output of an earlier one: the last result changes with the first inputs."""
    steps = _steps(models)
    if not any(
        isinstance(each, dict) and "from" in each for step in steps for each in step["inputs"].values()
    ):
        raise Failure(
            "No step of the workflow takes an output of another.", mend='Name it: {"from": 0, "output": ...}.'
        )
    numbers = {name: value for name, value in steps[0]["inputs"].items() if isinstance(value, int | float)}
    if not numbers:
        raise NotTested("The first step has no number as input that could be changed.")
    changed = {**steps[0]["inputs"], **{name: value * 2 + 1 for name, value in numbers.items()}}
    before, after = _run_all(models, steps)[-1], _run_all(models, steps, changed)[-1]
    if same(before, after):
        raise Failure(
            "The last step gives the same whatever the first one was given.", mend="Pass outputs on."
        )


# -- provenance


@twin("record-can-be-run-again", "MIM8-R4.4", "MIMs Plus 9.0, MIM8 R4.4", documents=(RECORD,))
def run_again(models: Models) -> None:
    """A run's record names model, version, data, parameters and outputs; run again it gives the same."""
    record = read_data(models.probe, RECORD)
    expect_members(record, ("model", "modelVersion", "data", "parameters", "outputs"), "The run's record")
    for each in expect_list(record, "`data` of the run's record", "data"):
        expect_members(each, ("id", "version"), "A source of the run's record")
    version = models.described(str(record["model"])).get("version")
    if version != record["modelVersion"]:
        raise NotTested(f"The record is of version {record['modelVersion']}, the model is {version} now.")
    found = models.results(str(record["model"]), record["parameters"])
    if not same(found, record["outputs"]):
        raise Failure(
            f"Run again, the model gives {str(found)[:120]}, the record says {str(record['outputs'])[:120]}.",
            mend="Record everything that the result depends on.",
        )


# -- rights


@twin("model-sees-what-its-user-sees", "MIM8-R3.4", "MIMs Plus 9.0, MIM8 R3.4")
def sees_less(models: Models) -> None:
    """Run for a user with fewer rights (credential `restricted`) a model is refused or sees less."""
    models.probe.secret("restricted")
    name, inputs = models.example()
    full = models.start(name, inputs).expect(200)
    less = models.start(name, inputs, role="restricted")
    if less.status in (401, 403, 404):
        return
    less.expect(200)
    if same(full.json(), less.json()):
        raise Failure(
            f"{name!r} gives the restricted user what it gives the other: it reads the data "
            "with its own rights.",
            mend="Let a model read data on behalf of its user (token exchange), not as a service account.",
        )
