"""The models of a twin behind OGC API Processes: how a check describes, runs, watches and stops them."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urljoin

import orjson

from ...answer import Answer
from ...probe import Probe
from ...structured import read_data
from ...verdicts import CheckError, Failure, NotTested
from ..declaration import Level, Needs, check

STANDARD = "OGC 18-062r2"
EXAMPLE = "model-run-example"
ENDED = frozenset({"successful", "failed", "dismissed"})

Inputs = dict[str, Any]


def twin(
    name: str,
    requirement: str | Iterable[str],
    clause: str,
    *,
    level: Level = "MUST",
    runs: bool = True,
    needs: Iterable[Needs] = (),
    documents: Iterable[str] = (),
) -> Callable[[Callable[[Models], None]], Callable[[Models], None]]:
    """Declare a check of models; `runs` says that it starts one, which needs permission to write."""

    def declare(function: Callable[[Models], None]) -> Callable[[Models], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            try:
                function(Models(probe))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # What a check takes apart is the service's answers: another shape is not as it must be.
                raise Failure(
                    f"An answer has another shape than the clause gives it ({type(error).__name__}: {error})."
                ) from error

        check(
            f"TWIN.{name}",
            requirement=requirement,
            mechanism="ogcapi-processes",
            level=level,
            clause=clause,
            needs={*needs, *(("write",) if runs else ())},
            documents=documents,
        )(run)
        return function

    return declare


class Models:
    """One check's view of the models. Jobs that it starts are removed when it ends."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def listed(self) -> list[dict[str, Any]]:
        """The processes; NotTested where there are none."""
        answer = self.probe.read("/processes", Accept="application/json").expect(200)
        found = answer.json_object().get("processes")
        if not isinstance(found, list):
            raise Failure(f"{answer} without an array `processes` ({STANDARD}, 7.10).")
        if not found:
            raise NotTested("The service lists no process.")
        return found

    def described(self, name: str) -> dict[str, Any]:
        """The description of a process."""
        path = f"/processes/{quote(name, safe='')}"
        return self.probe.read(path, Accept="application/json").expect(200).json_object()

    def example(self) -> tuple[str, Inputs]:
        """A process with inputs that it takes, from the document `model-run-example` or a description."""
        if EXAMPLE in self.probe.target.documents:
            given = read_data(self.probe, EXAMPLE)
            return str(given["process"]), dict(given["inputs"])
        for each in self.listed()[:10]:
            described = self.described(str(each["id"]))
            inputs = (described.get("example") or {}).get("inputs")
            if isinstance(inputs, dict) and inputs:
                return str(each["id"]), inputs
        raise NotTested(f"No description has an example, and the target offers no document {EXAMPLE!r}.")

    # -- running

    def start(self, name: str, inputs: Inputs, *, wait: bool = True, role: str | None = "token") -> Answer:
        """Execute a process; without `wait` as a job that goes on by itself."""
        prefer = {} if wait else {"Prefer": "respond-async"}
        answer = self.probe.send(
            "POST",
            f"/processes/{quote(name, safe='')}/execution",
            json={"inputs": inputs},
            headers={"Accept": "application/json", **prefer},
            role=role,
        )
        if job := answer.headers.get("location"):
            self.probe.leave_clean(functools.partial(self._remove, urljoin(answer.url, job)))
        return answer

    def results(self, name: str, inputs: Inputs) -> dict[str, Any]:
        """The outputs of a run, whether it was answered at once or became a job."""
        answer = self.start(name, inputs)
        if answer.status == 201:
            job = self.job_of(answer)
            if (status := self.wait_for(job, ENDED)) != "successful":
                raise Failure(f"The run of {name!r} with {inputs} ended as {status!r}.")
            answer = self.probe.get(f"{job}/results", Accept="application/json")
        answer.expect(200, mend="Let the documented example run.")
        if not answer.media_type.endswith("json"):
            raise Failure(
                f"The outputs of {name!r} come as {answer.media_type!r}.", mend="Give outputs as data (JSON)."
            )
        return answer.json_object()

    def job_of(self, answer: Answer) -> str:
        """Where the job of an asynchronous run is."""
        answer.expect(201, mend="Take `Prefer: respond-async`, and answer 201 with Location.")
        place = answer.headers.get("location")
        if not place:
            raise Failure(
                f"{answer} without Location ({STANDARD}, 7.11.4).", mend="Name the job in Location."
            )
        return urljoin(answer.url, str(place))

    def status(self, job: str) -> str:
        """The status of a job."""
        return str(self.probe.get(job, Accept="application/json").expect(200).json_object().get("status"))

    def wait_for(self, job: str, statuses: Iterable[str]) -> str:
        """The status of a job as soon as it is one of these; CheckError when it takes too long."""
        wanted, end = frozenset(statuses), time.monotonic() + float(self.probe.option("run-seconds", 20))
        pause = 0.05
        while time.monotonic() < end:
            if (found := self.status(job)) in wanted:
                return found
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)
        raise CheckError(f"{job} is still {found!r}; a longer time can be given as the option `run-seconds`.")

    def _remove(self, job: str) -> None:
        answer = self.probe.send("DELETE", job)
        if answer.status not in (200, 202, 204, 404, 405, 410):
            raise CheckError(f"{job} could not be removed: {answer.status}")


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same, whatever the order of their members."""
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) == orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
