"""The checks: one small declared function each. Importing a module of this package declares its checks."""

from .declaration import OFFERED, Check, Level, all_checks, check, checks_by_id

__all__ = ["OFFERED", "Check", "Level", "all_checks", "check", "checks_by_id"]
