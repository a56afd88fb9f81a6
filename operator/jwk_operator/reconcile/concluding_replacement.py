"""The conclusion from the calls of a replacement. Pure."""

from __future__ import annotations

from dataclasses import replace

from jwk_operator.api.jwk import JWKSpec
from jwk_operator.api.names import Aside, Claim, Phase
from jwk_operator.api.reasons import Reason
from jwk_operator.api.status import DeploymentResult, LastOperation, ReplacementStatus
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.reconcile.matching import description_differs
from jwk_operator.reconcile.needs import source_change
from jwk_operator.reconcile.replacing import restored
from jwk_operator.reconcile.reports import (
    after_creation,
    deployment_report,
    detached_note,
    known_as_detached,
    problem_report,
    refused_report,
    with_delay,
)
from jwk_operator.reconcile.state import Conclusion, Facts, Keep, Note, Problem, Report

REFUSED_FOR_GOOD = frozenset({Verdict.REJECTED, Verdict.FORBIDDEN, Verdict.MISSING})
OFTEN = 3
"""So many times Apinizer may say that the name is taken, while its own list shows it as free."""


def after_replacing_create(
    facts: Facts, spec: JWKSpec, report: Report, aside: Aside, answer: Answer, problem: Problem
) -> Conclusion:
    """Conclude from the create call of a replacement; `report` is what an ordinary create call would have come to."""
    claim = facts.resource.claim
    if answer.verdict is Verdict.OK:
        kept = after_creation(facts, spec, report, aside.name)
        until = isinstance(kept.replacement, ReplacementStatus) and kept.replacement.keep_old_until
        stays = f'; the old one stays as "{aside.name}" for spec.replacement.keepOldFor' if until else ""
        note = Note(warning=False, reason="Replaced", message=f"JWK {facts.remote} was replaced by a new one{stays}.")
        return Conclusion(kept, notes=(note,))
    contradicts = answer.verdict is Verdict.EXISTS and (facts.resource.status.failures or 0) >= OFTEN
    if (answer.verdict in REFUSED_FOR_GOOD or contradicts) and claim is not None:
        message = f"The old JWK gets its name back, because the new one was refused: {problem.message}"
        status = ReplacementStatus(
            step="RenamedAside", old_name=aside.name, refusal=problem.message, refusal_reason=problem.reason
        )
        back = replace(claim, aside=replace(aside, phase=Phase.RETURNING))
        refused = Report(Reason.REPLACING, message, deployed=False, replacement=status, delay=0)
        return Conclusion(replace(refused, operation=report.operation), claim=back)
    return Conclusion(report)


def after_rename(
    facts: Facts,
    answer: Answer,
    problem: Problem,
    deployment: DeploymentResult | None,
    operation: LastOperation,
) -> Conclusion:
    """Conclude from the update call that gave the old JWK its name aside, or its own name back."""
    claim, aside = facts.resource.claim, facts.aside
    if claim is None or aside is None:
        raise AssertionError("a renaming is recorded before it is done")
    if aside.phase is Phase.RETURNING:
        return _after_return(facts, claim, aside, answer, problem, deployment, operation)
    if answer.verdict is Verdict.OK:
        message = f'The old JWK is "{aside.name}" for now; the new one is created next.'
        status = ReplacementStatus(step="RenamedAside", old_name=aside.name)
        if facts.resource.status.replacement == status:
            message = f'Apinizer accepts that the old JWK is "{aside.name}" for now, and does not list it so.'
            return Conclusion(_again(facts, message, operation))
        report = Report(
            Reason.REPLACING,
            message,
            deployed=False,
            remote=known_as_detached(facts),
            replacement=status,
            operation=operation,
            delay=0,
        )
        return Conclusion(report)
    if answer.verdict in (Verdict.EXISTS, Verdict.REJECTED):
        # Nothing was renamed: another name aside may do, or the request will not be accepted as it is.
        report = problem_report(facts, problem, operation)
        if answer.verdict is Verdict.EXISTS:
            report = _again(facts, "The name for the old JWK was taken meanwhile; another one is tried.", operation)
        return Conclusion(replace(report, replacement=None), claim=restored(facts, claim, aside))
    return Conclusion(_unsettled(facts, answer, problem, operation))


def _after_return(
    facts: Facts,
    claim: Claim,
    aside: Aside,
    answer: Answer,
    problem: Problem,
    deployment: DeploymentResult | None,
    operation: LastOperation,
) -> Conclusion:
    if answer.verdict is not Verdict.OK:
        if answer.verdict in (Verdict.EXISTS, Verdict.REJECTED):
            return Conclusion(
                _again(facts, f"The old JWK does not get its name back yet: {problem.message}", operation)
            )
        return Conclusion(_unsettled(facts, answer, problem, operation))
    known = facts.resource.status.replacement
    told: DeploymentResult | Keep = deployment or Keep.AS_IS
    if known is not None and known.refusal:
        report = refused_report(facts, known, told)
    else:
        message = "The old JWK has its name back."
        report = Report(Reason.UPDATING, message, deployed=None, deployment=told, replacement=None, delay=0)
    remote = facts.resource.status.remote
    linked = remote is not None and remote.source_type is not None and remote.source_type.linked
    notes = (detached_note(remote.source_type),) if linked and remote and remote.source_type else ()
    report = replace(report, remote=known_as_detached(facts), operation=operation)
    return Conclusion(report, claim=restored(facts, claim, aside), notes=notes)


def after_old_deleted(facts: Facts, answer: Answer, problem: Problem, operation: LastOperation) -> Conclusion:
    """Conclude from the delete call for the old JWK of a replacement that is otherwise done."""
    claim, spec, remote = facts.resource.claim, facts.resource.spec, facts.resource.status.remote
    if claim is None or spec is None or remote is None:
        raise AssertionError("the old JWK is deleted once the new one is known")
    if answer.verdict not in (Verdict.OK, Verdict.MISSING):
        name = claim.aside.name if claim.aside else ""
        said = f'The new JWK is in place; the old one, "{name}", cannot be deleted yet: {problem.message}'
        report = problem_report(facts, replace(problem, message=said), operation)
        return Conclusion(replace(report, synced=Keep.AS_IS, deployed=Keep.AS_IS))
    if answer.deployment is not None and answer.deployment.lacks is not None:
        message = f"The old JWK was not undeployed from {answer.deployment.lacks}; it is deleted again."
        return Conclusion(_again(facts, message, operation))
    deployment = facts.resource.status.deployment_result
    edited = description_differs(spec, remote) or source_change(facts, spec, remote) is not None
    if deployment is None or edited:
        report = Report(
            Reason.UPDATING, "The old JWK is gone; what is left to do follows.", operation=operation, delay=0
        )
    else:
        report = deployment_report(facts, spec, remote, deployment, operation)
    return Conclusion(replace(report, replacement=None), claim=replace(claim, aside=None))


def _again(facts: Facts, message: str, operation: LastOperation) -> Report:
    return with_delay(facts, Report(Reason.REPLACING, message, deployed=Keep.AS_IS, operation=operation))


def _unsettled(facts: Facts, answer: Answer, problem: Problem, operation: LastOperation) -> Report:
    if answer.verdict is Verdict.MISSING:
        message = "Apinizer does not find the JWK to rename; the project's list decides how to go on."
        return _again(facts, message, operation)
    return problem_report(facts, problem, operation)
