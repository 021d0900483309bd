"""Finds a pattern in a string in time that grows with the string only: an automaton built as it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import TooComplexQuery

MAX_STATES = 2_000
_KEPT = 2_000

Ranges = tuple[tuple[int, int], ...]
Kind = Literal["set", "start", "end", "sequence", "alternatives", "repeat"]


@dataclass(frozen=True, slots=True)
class Node:
    """One construct of a pattern: a set of characters, an anchor, or a composition of others."""

    kind: Kind
    children: tuple[Node, ...] = ()
    ranges: Ranges = ()
    bounds: tuple[int, int | None] = (1, 1)


class _Graph:
    """States with at most one way that reads a character and any number that read nothing."""

    def __init__(self) -> None:
        self.reads: list[tuple[Ranges, int] | None] = []
        self.free: list[list[tuple[str, int]]] = []

    def state(self) -> int:
        if len(self.reads) >= MAX_STATES:
            raise TooComplexQuery("the pattern repeats too much")
        self.reads.append(None)
        self.free.append([])
        return len(self.reads) - 1

    def link(self, start: int, end: int, condition: str = "") -> None:
        self.free[start].append((condition, end))

    def after(self, start: int) -> int:
        """A new state behind `start`: each repetition costs one, so that the limit bounds the work too."""
        end = self.state()
        self.link(start, end)
        return end

    def add(self, node: Node, start: int) -> int:
        """Add `node` behind `start`; return the state behind it."""
        match node.kind:
            case "sequence":
                for each in node.children:
                    start = self.add(each, start)
                return start
            case "alternatives":
                ends = [self.add(each, start) for each in node.children]
            case "repeat":
                return self.add_repeat(node, start)
            case "set":
                end = self.state()
                begin = self.state()
                self.link(start, begin)
                self.reads[begin] = (node.ranges, end)
                return end
            case _:
                end = self.state()
                self.link(start, end, node.kind)
                return end
        end = self.state()
        for each_end in ends:
            self.link(each_end, end)
        return end

    def add_repeat(self, node: Node, start: int) -> int:
        least, most = node.bounds
        child = node.children[0]
        for _ in range(least):
            start = self.add(child, self.after(start))
        if most is None:
            loop = self.state()
            self.link(start, loop)
            self.link(self.add(child, loop), loop)
            return loop
        end = self.state()
        self.link(start, end)
        for _ in range(most - least):
            start = self.add(child, self.after(start))
            self.link(start, end)
        return end


@dataclass(slots=True)
class _Step:
    """A set of states reached together, and where each character leads from here."""

    states: frozenset[int]
    accepts: bool
    accepts_at_end: bool
    ways: dict[str, _Step]


class Automaton:
    """A pattern ready to run; steps are made when a character first asks for them, and forgotten in bulk."""

    def __init__(self, graph: _Graph, start: int, final: int) -> None:
        self._graph = graph
        self._start = start
        self._final = final
        self._steps: dict[frozenset[int], _Step] = {}
        self._again = self._closure({start}, at_start=False, at_end=False)
        self._first = self._step(self._closure({start}, at_start=True, at_end=False), at_start=True)

    def found_in(self, text: str) -> bool:
        """True when some part of `text` matches."""
        step = self._first
        for character in text:
            if step.accepts:
                return True
            following = step.ways.get(character)
            if following is None:
                following = step.ways[character] = self._after(step, character)
            step = following
        return step.accepts_at_end

    def _after(self, step: _Step, character: str) -> _Step:
        code = ord(character)
        reached = set()
        for state in step.states:
            reads = self._graph.reads[state]
            if reads is not None and any(low <= code <= high for low, high in reads[0]):
                reached.add(reads[1])
        states = self._closure(reached, at_start=False, at_end=False) | self._again
        known = self._steps.get(states)
        if known is None:
            if len(self._steps) >= _KEPT:
                self._steps.clear()
                self._first.ways.clear()
            known = self._steps[states] = self._step(states, at_start=False)
        return known

    def _step(self, states: frozenset[int], *, at_start: bool) -> _Step:
        at_end = self._closure(states, at_start=at_start, at_end=True)
        return _Step(states, self._final in states, self._final in at_end, {})

    def _closure(self, states: set[int] | frozenset[int], *, at_start: bool, at_end: bool) -> frozenset[int]:
        open_conditions = {"", *(["start"] if at_start else []), *(["end"] if at_end else [])}
        seen = set(states)
        waiting = list(states)
        while waiting:
            for condition, state in self._graph.free[waiting.pop()]:
                if condition in open_conditions and state not in seen:
                    seen.add(state)
                    waiting.append(state)
        return frozenset(seen)


def build(tree: Node) -> Automaton:
    """Return the automaton of a pattern; TooComplexQuery when it would be too large."""
    graph = _Graph()
    start = graph.state()
    return Automaton(graph, start, graph.add(tree, start))
