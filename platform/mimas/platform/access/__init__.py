"""Who may do what: bearer tokens now, OpenID Connect and finer policies behind the same `Policy`."""

from .policy import Decision, Policy, Principal, Role, Verdict
from .tokens import hash_token, new_token

__all__ = ["Decision", "Policy", "Principal", "Role", "Verdict", "hash_token", "new_token"]
