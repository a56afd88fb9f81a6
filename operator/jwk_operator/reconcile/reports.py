"""Reports: what the status says about a state of affairs. Every message is written here or comes from Apinizer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from jwk_operator.api.jwk import AdoptionPolicy, JWKSpec, RedeployPolicy, SourceType
from jwk_operator.api.names import RemoteName, source_digest
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.status import DeploymentResult, LastOperation, RemoteStatus, ReplacementStatus
from jwk_operator.reconcile.delays import after, backoff
from jwk_operator.reconcile.matching import description_differs, detached, lacking
from jwk_operator.reconcile.state import Facts, Keep, Note, Problem, Report

ANOTHER_NAME = "create this resource anew with another spec.name"
"""What is left where a name is taken: `spec.name` never changes."""
RENEW = "put a valid one there"
RIGHTS = "it needs SECRETS + MANAGE and SECRETS + DEPLOY_UNDEPLOY"
RETAIN_HINT = "spec.deletionPolicy: Retain lets the resource go at once and leaves the remote JWK as it is"


def notes_for(facts: Facts, reason: Reason, message: str) -> tuple[Note, ...]:
    """An Event at the transition into a state that a person must know of; none while the state lasts."""
    worth_it = reason.waiting is Waiting.USER or reason in (Reason.DRIFTED, Reason.MISSING_REMOTELY)
    if not worth_it or facts.resource.reason is reason:
        return ()
    return (Note(warning=True, reason=reason.value, message=message),)


def problem_report(facts: Facts, problem: Problem, operation: LastOperation | Keep = Keep.AS_IS) -> Report:
    """What keeps the wish from being fulfilled, with a delay where the operator itself will try again."""
    report = Report(
        problem.reason,
        problem.message,
        deployed=Keep.AS_IS if facts.resource.owns else False,
        operation=operation,
        notes=() if problem.of_connection else notes_for(facts, problem.reason, problem.message),
    )
    return with_delay(facts, report, problem.retry_after)


def with_delay(facts: Facts, report: Report, retry_after: float | None = None) -> Report:
    """Add the delay to the next attempt, where the operator itself is to try again."""
    if report.reason.waiting is not Waiting.OPERATOR or report.reason in _WOKEN_BY_OTHERS:
        return report
    if retry_after is not None:
        return replace(report, delay=after(retry_after, facts.jitter))
    earlier = 0 if facts.changed else (facts.resource.status.failures or 0)
    return replace(report, failed=True, delay=backoff(earlier + 1, facts.jitter))


_WOKEN_BY_OTHERS = (Reason.DRIFTED, Reason.CIRCUIT_OPEN)
"""What drifted is looked at on the next check-up; the circuit wakes everybody when it closes."""


def detached_note(source_type: SourceType) -> Note:
    """An Event about a link that an update call has cut."""
    return Note(
        warning=True,
        reason="SourceDetached",
        message=f"The update cut the link between the JWK and its {source_type.value} source: Apinizer no longer "
        "follows changes of that source.",
    )


def known_as_detached(facts: Facts) -> RemoteStatus | Keep:
    """What is known of the old JWK of a replacement, which every renaming cuts off from its source."""
    remote = facts.resource.status.remote
    return Keep.AS_IS if remote is None else detached(remote)


def suspended_report(facts: Facts) -> Report:
    """No remote change while `spec.suspend` is true; what was known stays, but an edit that has to wait is told."""
    spec, remote = facts.resource.spec, facts.resource.status.remote
    waits = (
        spec is not None
        and remote is not None
        and (description_differs(spec, remote) or remote.source_digest not in (None, source_digest(spec)))
    )
    return Report(
        Reason.SUSPENDED,
        "Nothing is changed in Apinizer while spec.suspend is true.",
        ready=Keep.AS_IS,
        synced=False if waits else Keep.AS_IS,
        deployed=Keep.AS_IS if facts.resource.owns else False,
    )


def conflict_message(facts: Facts, owner: str | None) -> str:
    """Say who has the name, where that can be known, and what to do."""
    if owner is not None:
        return f"JWK {facts.remote} belongs to resource {owner}; remove one of the two, or {ANOTHER_NAME}"
    spec = facts.resource.spec
    offered = spec is not None and spec.adoption_policy is not AdoptionPolicy.IF_MATCHING
    adopt = "set spec.adoptionPolicy to IfMatching to take it over, " if offered else ""
    return (
        f"JWK {facts.remote} exists already and was not created by this resource; {adopt}remove it in Apinizer, or "
        f"{ANOTHER_NAME}"
    )


def missing_report(facts: Facts, operation: LastOperation | Keep = Keep.AS_IS) -> Report:
    """Forget the remote JWK but keep the claim: what follows is the create protocol once more."""
    spec = facts.resource.spec
    follows = "" if spec is not None and lacking(spec) else "; it is created again"
    message = f"JWK {facts.remote} is missing in Apinizer{follows}."
    return Report(
        Reason.MISSING_REMOTELY,
        message,
        deployed=False,
        remote=None,
        deployment=None,
        operation=operation,
        delay=0,
        notes=notes_for(facts, Reason.MISSING_REMOTELY, message),
    )


def replacement_required(facts: Facts, why: str) -> Report:
    """The remote JWK is another one than the spec wishes for, and must not be replaced."""
    message = (
        f"The remote JWK cannot be changed to what the spec says: {why}. Change it back, set spec.updatePolicy to "
        "Replace, or delete and create anew."
    )
    return problem_report(facts, Problem(Reason.REPLACEMENT_REQUIRED, message))


def another_target(facts: Facts, target: RemoteName) -> Report:
    """A claim reaches no further than connection and spec do: annotations are everybody's to write."""
    message = (
        f"The remote JWK is {facts.remote}, while the connection and the spec now name {target}. Change that back, or "
        "delete this resource and create it anew."
    )
    return problem_report(facts, Problem(Reason.REPLACEMENT_REQUIRED, message))


def found_report(facts: Facts, spec: JWKSpec, remote: RemoteStatus) -> Report:
    """The JWK is there, though the answer to the create call never arrived: see to what is left to do, or say so."""
    edited = remote.source_digest != source_digest(spec)
    if edited or repairs_itself(spec, remote) or remote.description != (spec.description or ""):
        # Recorded before the update call: that changes what the list shows, and so what the claim is recognised by.
        return Report(Reason.UPDATING, _FOUND, synced=False, deployed=None, remote=remote, deployment=None, delay=0)
    return deployment_report(facts, spec, remote, None)


_FOUND = "The JWK exists, though the answer to the create call was lost; what is left to do follows."


def took_over(facts: Facts, spec: JWKSpec, remote: RemoteStatus, entry: RemoteEntry) -> Report:
    """A JWK that was there belongs to this resource from now on."""
    report = deployment_report(facts, spec, remote, None)
    edited = remote.source_digest not in (None, source_digest(spec)) or spec.description not in (
        None,
        entry.description,
    )
    if edited:
        message = "The JWK existed and was taken over; the spec was edited meanwhile, which follows."
        report = Report(Reason.UPDATING, message, deployed=None, remote=remote, deployment=None, delay=0)
    elif spec.required_environments and repairs_itself(spec, remote):
        message = "The JWK existed and was taken over; an update call deploys it to learn about its environments."
        report = Report(Reason.UPDATING, message, deployed=None, remote=remote, deployment=None, delay=0)
    note = Note(warning=False, reason=Reason.ADOPTED.value, message=f"JWK {facts.remote} was taken over.")
    return replace(report, notes=(note, *report.notes))


_LONGEST_OVERLAP = timedelta(days=3650)
"""Later than that is not a time that every reader of the status can hold."""


def after_creation(facts: Facts, spec: JWKSpec, report: Report, old_name: str) -> Report:
    """Add to the report of a new JWK what becomes of the old one: it goes now, or stays for the overlap."""
    keep = spec.replacement.keep_old_for if spec.replacement else None
    if keep:
        status = ReplacementStatus(
            step="KeepingOld", old_name=old_name, keep_old_until=facts.now + min(keep, _LONGEST_OVERLAP)
        )
        return replace(report, replacement=status)
    delay = 0 if report.delay is None else report.delay
    return replace(report, replacement=ReplacementStatus(step="Created", old_name=old_name), delay=delay)


def refused_report(facts: Facts, replacement: ReplacementStatus, deployment: DeploymentResult | Keep) -> Report:
    """Apinizer refused the new JWK, and the old one has its name back.

    A missing right may be given without a sign of it here, so that this is tried again; anything else is for good.
    """
    deployed = deployment.success if isinstance(deployment, DeploymentResult) else None
    refusal = replacement.refusal or ""
    message = f"{refusal}{'' if refusal.endswith(('.', '!')) else '.'} The old JWK has its name back."
    reason = Reason.FORBIDDEN if replacement.refusal_reason is Reason.FORBIDDEN else Reason.REJECTED
    return Report(
        reason,
        message,
        deployed=deployed,
        deployment=deployment,
        replacement=None,
        notes=notes_for(facts, reason, message),
    )


def deployment_report(
    facts: Facts,
    spec: JWKSpec,
    remote: RemoteStatus,
    deployment: DeploymentResult | None,
    operation: LastOperation | Keep = Keep.AS_IS,
) -> Report:
    """The remote JWK is what the spec says: tell how its deployment stands, environment by environment.

    `deployment` is None when no write ever told: the answer to the create call was lost, or the JWK was taken over.
    """
    report = Report(
        Reason.DEPLOYED,
        "",
        ready=True,
        synced=True,
        deployed=True,
        remote=remote,
        deployment=deployment,
        operation=operation,
    )
    required = spec.required_environments
    if deployment is None:
        return _unknown_deployment(facts, replace(report, deployed=None), remote, required)
    failed = failing_environments(spec, deployment)
    if failed is None:
        return replace(report, message=_success_message(deployment))
    if repairs_itself(spec, remote):
        report = replace(
            report,
            reason=Reason.DEPLOYMENT_INCOMPLETE,
            message=f"{failed} It is deployed again with growing delays.",
            ready=False,
            deployed=False,
        )
        return with_delay(facts, report)
    message = f"{failed} {_why_not_repaired(spec)}"
    return replace(
        report,
        reason=Reason.DEPLOYMENT_FAILED,
        message=message,
        ready=False,
        deployed=False,
        notes=notes_for(facts, Reason.DEPLOYMENT_FAILED, message),
    )


def _unknown_deployment(facts: Facts, report: Report, remote: RemoteStatus, required: list[str] | None) -> Report:
    why = "the JWK was taken over as it was" if remote.adopted else "the answer to the call was lost"
    message = f"The JWK exists; what its environments have is unknown, because {why}."
    if required:
        message = f"{message} spec.redeployPolicy: Always deploys it again."
        notes = notes_for(facts, Reason.DEPLOYMENT_FAILED, message)
        return replace(report, reason=Reason.DEPLOYMENT_FAILED, message=message, ready=False, notes=notes)
    return replace(report, reason=Reason.ADOPTED if remote.adopted else report.reason, message=message)


def failing_environments(spec: JWKSpec, deployment: DeploymentResult) -> str | None:
    """Return a sentence that names the required environments without the JWK; None when every one has it."""
    results = {item.environment_name: item for item in deployment.environment_results or ()}
    required = spec.required_environments if spec.required_environments is not None else sorted(results)
    failures = [
        f"{name} ({results[name].message or 'no message'})"
        if name in results
        else f"{name} (not reported by Apinizer, though spec.requiredEnvironments names it)"
        for name in required
        if name not in results or not results[name].success
    ]
    if failures:
        return f"Not deployed to {', '.join(failures)}."
    if not deployment.success and all(item.success for item in results.values()):
        return f"The deployment failed: {deployment.message or 'no message'}."
    return None


def repairs_itself(spec: JWKSpec, remote: RemoteStatus) -> bool:
    """Whether failed environments are deployed again without being asked: by policy, and where nothing is detached."""
    if spec.redeploy_policy is RedeployPolicy.AUTO:
        return not spec.source_type.linked or bool(remote.source_detached)
    return spec.redeploy_policy is RedeployPolicy.ALWAYS


def _why_not_repaired(spec: JWKSpec) -> str:
    if spec.redeploy_policy is RedeployPolicy.NEVER:
        return (
            "spec.redeployPolicy: Never leaves it so; set Auto or Always, or change the description, to deploy again."
        )
    source = f"its {spec.source_type.value} source"
    return f"Deploying again would detach the JWK from {source}; set spec.redeployPolicy: Always to accept that."


def _success_message(deployment: DeploymentResult) -> str:
    results = deployment.environment_results or ()
    if not results:
        return "Deployed."
    done = sum(item.success for item in results)
    return (
        f"Deployed to {done} of {len(results)} environments."
        if done < len(results)
        else (f"Deployed to {done} environment{'s' if done != 1 else ''}.")
    )
