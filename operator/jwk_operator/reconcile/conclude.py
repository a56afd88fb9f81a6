"""The conclusion: from the answer to a call to the report and to what becomes of the claim. Pure, like the decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal

from jwk_operator.api.jwk import AdoptionPolicy, JWKSpec, SourceType
from jwk_operator.api.names import source_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.status import DeploymentResult, EnvironmentResult, LastOperation, RemoteStatus
from jwk_operator.apinizer.answers import Answer, Deployment, Verdict
from jwk_operator.reconcile.concluding_replacement import OFTEN, after_old_deleted, after_rename, after_replacing_create
from jwk_operator.reconcile.deletion import deletion_problem
from jwk_operator.reconcile.matching import cuts_link, detached, key_type_of
from jwk_operator.reconcile.needs import key_of
from jwk_operator.reconcile.reports import (
    RENEW,
    RIGHTS,
    conflict_message,
    deployment_report,
    detached_note,
    missing_report,
    problem_report,
    with_delay,
)
from jwk_operator.reconcile.state import (
    Call,
    Conclusion,
    Create,
    Delete,
    Facts,
    Keep,
    Note,
    Problem,
    Ready,
    Rename,
    Report,
    Update,
)


def conclude(call: Call, facts: Facts, answer: Answer) -> Conclusion:
    """Return what follows from the answer to a call that `decide` asked for."""
    if isinstance(call, Create):
        return _after_create(call, facts, answer)
    if isinstance(call, Update):
        return _after_update(call, facts, answer)
    if isinstance(call, Rename):
        operation = _operation("Update", facts, answer)
        return after_rename(facts, answer, problem_of(facts, answer), _deployment(facts, answer), operation)
    return _after_delete(call, facts, answer)


def problem_of(facts: Facts, answer: Answer) -> Problem:
    """Say in a sentence why a call did not succeed, for a resource of this project and credential."""
    credential = facts.client.credential if isinstance(facts.client, Ready) else "the connection's Secret"
    return call_problem(answer, facts.remote.project if facts.remote else "", credential)


def call_problem(answer: Answer, project: str, credential: str) -> Problem:
    """Say in a sentence why a call about a project did not succeed; `credential` names where its token is from."""
    said = f": {answer.text}" if answer.text else "."
    match answer.verdict:
        case Verdict.UNAUTHORIZED:
            message = f"Apinizer does not accept the token of {credential}; {RENEW}{said}"
            return Problem(Reason.UNAUTHORIZED, message, of_connection=True)
        case Verdict.FORBIDDEN:
            needed = f'{RIGHTS} in project "{project}"'
            return Problem(Reason.FORBIDDEN, f"The token of {credential} lacks permission; {needed}{said}")
        case Verdict.PROJECT_MISSING:
            remedy = "correct its name, or give the account access to it"
            return Problem(Reason.PROJECT_NOT_FOUND, f'Project "{project}" cannot be used; {remedy}{said}')
        case Verdict.RATE_LIMITED:
            return Problem(Reason.RATE_LIMITED, f"{answer.text}.", answer.retry_after)
        case Verdict.CIRCUIT_OPEN:
            message = "Apinizer failed several times in a row, so calls wait until a probe succeeds; the last failure"
            return Problem(Reason.CIRCUIT_OPEN, f"{message}: {answer.text}.")
        case Verdict.UNREACHABLE:
            return Problem(Reason.UNREACHABLE, f"No answer from Apinizer: {answer.text}.")
        case Verdict.SERVER_ERROR:
            status = f" ({answer.http_status})" if answer.http_status else ""
            return Problem(Reason.SERVER_ERROR, f"Apinizer failed{status}: {answer.text}")
        case _:
            return Problem(Reason.REJECTED, f"Apinizer rejected the request: {answer.text}")


# --- create -------------------------------------------------------------------------------------------------------


def _after_create(call: Create, facts: Facts, answer: Answer) -> Conclusion:
    spec = _spec(facts)
    operation = _operation("Generate" if spec.source_type is SourceType.GENERATE else "Create", facts, answer)
    if facts.aside is not None:
        report = _create_report(call, facts, spec, answer, operation)
        return after_replacing_create(facts, spec, report, facts.aside, answer, problem_of(facts, answer))
    often = (facts.resource.status.failures or 0) >= OFTEN
    match answer.verdict:
        case Verdict.EXISTS if facts.claimed_now and spec.adoption_policy is AdoptionPolicy.IF_MATCHING and not often:
            # Somebody made it since the list was read: a newer one tells whether it can be taken over.
            return Conclusion(_create_report(call, facts, spec, answer, operation), disclaim=True)
        case Verdict.EXISTS if facts.claimed_now or often:
            problem = Problem(Reason.NAME_CONFLICT, conflict_message(facts, None))
            return Conclusion(problem_report(facts, problem, operation), disclaim=True)
        case Verdict.OK | Verdict.EXISTS | Verdict.UNREACHABLE | Verdict.SERVER_ERROR | Verdict.RATE_LIMITED:
            return Conclusion(_create_report(call, facts, spec, answer, operation))
        case _:
            return Conclusion(_create_report(call, facts, spec, answer, operation), disclaim=True)


def _create_report(call: Create, facts: Facts, spec: JWKSpec, answer: Answer, operation: LastOperation) -> Report:
    if answer.verdict is Verdict.OK:
        return deployment_report(facts, spec, _created(call, facts, spec), _deployment(facts, answer), operation)
    if answer.verdict is Verdict.EXISTS:
        # An earlier create call of this claim may have come through after all: the list will tell.
        message = "Apinizer says that the JWK exists; the project's list decides whether it is this resource's."
        return with_delay(facts, Report(Reason.CREATING, message, deployed=False, operation=operation))
    return problem_report(facts, problem_of(facts, answer), operation)


def _created(call: Create, facts: Facts, spec: JWKSpec) -> RemoteStatus:
    """What is known of the JWK that a call made; of a key that Apinizer made, the list was read since then."""
    key, entry = key_of(facts), facts.entry
    return RemoteStatus(
        project_name=call.target.project,
        name=call.target.name,
        type=key.type if key else key_type_of(entry) if entry else None,
        kid=key.kid if key else entry.kid if entry else None,
        source_type=spec.source_type,
        thumbprint=key.thumbprint if key else None,
        description=spec.description or "",
        source_digest=source_digest(spec),
        key_digest=key.digest if key else None,
        secret_version=key.secret_version if key else None,
        observed_at=facts.now,
    )


# --- update -------------------------------------------------------------------------------------------------------


def _after_update(call: Update, facts: Facts, answer: Answer) -> Conclusion:
    spec = _spec(facts)
    operation = _operation("Update", facts, answer)
    if answer.verdict is Verdict.OK:
        # a description that is left to others does not become ours by being sent once more
        left_to_others = spec.description is None and call.remote.description is None
        remote = detached(call.remote)
        if not left_to_others:
            remote = remote.model_copy(update={"description": call.description})
        report = deployment_report(facts, spec, remote, _deployment(facts, answer), operation)
        cut = (detached_note(spec.source_type),) if cuts_link(call.remote) else ()
        return Conclusion(report, notes=(*call.notes, *cut))
    if answer.verdict is Verdict.MISSING:
        return Conclusion(missing_report(facts, operation))
    report = problem_report(facts, problem_of(facts, answer), operation)
    return Conclusion(replace(report, remote=call.remote), notes=call.notes)


# --- delete -------------------------------------------------------------------------------------------------------


def _after_delete(call: Delete, facts: Facts, answer: Answer) -> Conclusion:
    operation = _operation("Delete", facts, answer)
    if not facts.resource.deleting:
        return after_old_deleted(facts, answer, problem_of(facts, answer), operation)
    if answer.verdict is Verdict.MISSING:
        return _gone(call, facts, operation)
    if answer.verdict is not Verdict.OK:
        problem = problem_of(facts, answer)
        return Conclusion(replace(deletion_problem(facts, problem), operation=operation))
    deployment = answer.deployment
    if deployment is None or deployment.lacks is None:
        return _gone(call, facts, operation)
    message = f"Not undeployed from {deployment.lacks}; JWK {call.target} is deleted again with growing delays."
    report = Report(
        Reason.DELETING,
        message,
        deployed=Keep.AS_IS,
        deployment=deployment_status(deployment, facts.resource.status.deployment_result, facts.now),
        operation=operation,
        notes=() if facts.resource.reason is Reason.DELETING else (Note(True, Reason.DELETING.value, message),),
    )
    return Conclusion(with_delay(facts, report))


def _gone(call: Delete, facts: Facts, operation: LastOperation) -> Conclusion:
    """Let go, unless there may be a second JWK: then the list tells when both are gone."""
    claim = facts.resource.claim
    if claim is None or claim.aside is None:
        return Conclusion(let_go=True)
    remote = None if call.target == claim.remote else Keep.AS_IS
    message = f"JWK {call.target} is deleted; the other one of a replacement follows."
    return Conclusion(Report(Reason.DELETING, message, remote=remote, operation=operation, delay=0))


# --- shared -------------------------------------------------------------------------------------------------------


def _spec(facts: Facts) -> JWKSpec:
    if facts.resource.spec is None:
        raise AssertionError("no call but a delete is decided for a spec that cannot be read")
    return facts.resource.spec


def _deployment(facts: Facts, answer: Answer) -> DeploymentResult | None:
    if answer.deployment is None:
        return None
    return deployment_status(answer.deployment, facts.resource.status.deployment_result, facts.now)


def deployment_status(deployment: Deployment, earlier: DeploymentResult | None, now: datetime) -> DeploymentResult:
    """Turn what a write reported into its status, keeping the transition times of outcomes that stay the same."""
    known = {item.environment_name: item for item in (earlier.environment_results or () if earlier else ())}

    def since(name: str, success: bool) -> datetime:
        before = known.get(name)
        same = before is not None and before.success == success and before.last_transition_time is not None
        return before.last_transition_time if same and before and before.last_transition_time else now

    return DeploymentResult(
        success=deployment.success,
        message=deployment.message or None,
        environment_results=[
            EnvironmentResult(
                environment_name=item.name,
                success=item.success,
                message=item.message or None,
                last_transition_time=since(item.name, item.success),
            )
            for item in deployment.environments
        ],
        time=now,
    )


def _operation(kind: Literal["Create", "Generate", "Update", "Delete"], facts: Facts, answer: Answer) -> LastOperation:
    return LastOperation(type=kind, time=facts.now, http_status=answer.http_status, error_code=answer.code)
