"""What is checked: the product, the interfaces it claims, what may be written, what else is offered."""

from .target import (
    Attestation,
    Credential,
    Interface,
    Limits,
    Sample,
    Target,
    TargetError,
    load_target,
    target_of_url,
)

__all__ = [
    "Attestation",
    "Credential",
    "Interface",
    "Limits",
    "Sample",
    "Target",
    "TargetError",
    "load_target",
    "target_of_url",
]
