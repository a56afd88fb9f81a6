"""Connections that allow reading alone: everything is decided, and what would be done is told instead. Pure."""

from __future__ import annotations

from jwk_operator.api.reasons import Reason
from jwk_operator.reconcile.deletion import deletion_problem
from jwk_operator.reconcile.state import (
    Create,
    Decision,
    Delete,
    Facts,
    Keep,
    MakeClaim,
    Problem,
    Rename,
    Report,
    Update,
)


def announced(facts: Facts, decision: Decision) -> Decision:
    """Return a decision as it is where it writes nothing to Apinizer, else the report of what it would do."""
    if isinstance(decision, Report) and decision.reason is Reason.MISSING_REMOTELY:
        return _report(facts, f"JWK {facts.remote} is missing in Apinizer and would be created again", missing=True)
    would = _intention(facts, decision)
    if would is None:
        return decision
    if facts.resource.deleting:
        why = f"its connection is read-only, and {would}"
        return deletion_problem(facts, Problem(Reason.READ_ONLY, why))
    return _report(facts, would)


def _intention(facts: Facts, decision: Decision) -> str | None:
    match decision:
        case Create(target):
            return f"JWK {target} would be created"
        case Update(target, description):
            known = facts.resource.status.remote
            same = known is not None and (known.description or "") == description
            return f"JWK {target} would be deployed again" if same else f"the description of JWK {target} would change"
        case Rename(target, new_name):
            return f'JWK {target} would be renamed to "{new_name}"'
        case Delete(target):
            return f"JWK {target} would be deleted"
        case MakeClaim(claim):
            return _claimed(decision) if claim.aside or facts.resource.status.remote is None else None
        case _:
            return None


def _claimed(decision: MakeClaim) -> str:
    """A claim is made ahead of a write, so that it stands for what follows."""
    if decision.claim.aside is not None:
        return f"JWK {decision.claim.remote} would be replaced by a new one"
    done = "taken over" if decision.claim.adopts else "created"
    return f"JWK {decision.claim.remote} would be {done}"


def _report(facts: Facts, would: str, *, missing: bool = False) -> Report:
    owned = facts.resource.owns and not missing
    return Report(
        Reason.READ_ONLY,
        f"The connection is read-only: {would}.",
        deployed=Keep.AS_IS if owned else False,
        remote=None if missing else Keep.AS_IS,
        deployment=None if missing else Keep.AS_IS,
    )
