"""RDF of a target, read without trust: nothing is fetched but through the probe, no loop is followed."""

from .contexts import Contexts
from .graphs import RDF_TYPES, parse_graph, read_graph
from .terms import TermMap, expand_names

__all__ = ["RDF_TYPES", "Contexts", "TermMap", "expand_names", "parse_graph", "read_graph"]
