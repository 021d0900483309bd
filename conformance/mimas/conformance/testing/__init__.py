"""What tests of checks need: small servers, targets broken in one way, and the table of who caught what."""

from .broken import Fault, broken_server, broken_target, faults, load_faults
from .judging import judge
from .serving import Forward, proxied, serving, target_of
from .table import fault_table

__all__ = [
    "Fault",
    "Forward",
    "broken_server",
    "broken_target",
    "fault_table",
    "faults",
    "judge",
    "load_faults",
    "proxied",
    "serving",
    "target_of",
]
