"""The requirement catalogue: what MIMs Plus asks, in our own structure, versioned."""

from .catalogue import Catalogue, Level, Method, Requirement, load_catalogue

__all__ = ["Catalogue", "Level", "Method", "Requirement", "load_catalogue"]
