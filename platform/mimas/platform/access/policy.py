"""The one place that decides whether a request may go on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from .tokens import Tokens


class Role(IntEnum):
    """What somebody may do; each role includes those before it."""

    READ = 1
    WRITE = 2
    ADMIN = 3

    @classmethod
    def names(cls) -> list[str]:
        """As they are written."""
        return [role.name.lower() for role in cls]


class Verdict(StrEnum):
    """What becomes of a request."""

    ALLOWED = "allowed"
    CREDENTIALS_MISSING = "credentials missing"
    CREDENTIALS_WRONG = "credentials wrong"
    ROLE_MISSING = "role missing"
    TENANT_FORBIDDEN = "tenant forbidden"
    HOST_FORBIDDEN = "host forbidden"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `tenants` None means all of them."""

    name: str
    role: Role
    tenants: frozenset[str] | None = None

    def may_enter(self, tenant: str) -> bool:
        """Say whether a tenant is one of theirs."""
        return self.tenants is None or tenant in self.tenants


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict, and whom it is about once known."""

    verdict: Verdict
    principal: Principal | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a policy is asked: the token given, the role and tenant needed, and where the request is from."""

    token: str | None
    role: Role
    tenant: str
    is_local: bool
    has_local_host: bool


ANYBODY_HERE = Principal("local", Role.ADMIN)
NOBODY = Principal("nobody", Role.READ, frozenset())


class Policy:
    """Tokens decide as soon as there is one; before, this machine may do everything and nobody else anything.

    Without tokens the Host header must be a name of this machine: a page of another site that had its name
    point here (DNS rebinding) would otherwise act through the browser of whoever visits it.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    async def decide(self, question: Question) -> Decision:
        """The verdict on one request."""
        if question.token is None:
            return await self._decide_without_token(question)
        stored = await self._tokens.find(question.token)
        if stored is None:
            return Decision(Verdict.CREDENTIALS_WRONG)
        role = max((Role[name.upper()] for name in stored.roles if name in Role.names()), default=None)
        tenants = None if stored.tenants is None else frozenset(stored.tenants)
        if role is None or role < question.role:
            return Decision(Verdict.ROLE_MISSING)
        principal = Principal(stored.name, role, tenants)
        if not principal.may_enter(question.tenant):
            return Decision(Verdict.TENANT_FORBIDDEN, principal)
        return Decision(Verdict.ALLOWED, principal)

    async def _decide_without_token(self, question: Question) -> Decision:
        if not question.is_local or await self._tokens.any_valid(Role.names()):
            return Decision(Verdict.CREDENTIALS_MISSING)
        if not question.has_local_host:
            return Decision(Verdict.HOST_FORBIDDEN)
        return Decision(Verdict.ALLOWED, ANYBODY_HERE)
