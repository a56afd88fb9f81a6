"""Reports: what the status says about a state of affairs. Every message is written here or comes from Apinizer."""

from __future__ import annotations

from dataclasses import replace

from jwk_operator.api.jwk import JWKSpec, RedeployPolicy
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.status import DeploymentResult, LastOperation, RemoteStatus
from jwk_operator.reconcile.delays import after, backoff
from jwk_operator.reconcile.state import Facts, Keep, Note, Problem, Report

_WORTH_AN_EVENT = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.INVALID_KEY,
        Reason.CONNECTION_NOT_FOUND,
        Reason.CONNECTION_NOT_ALLOWED,
        Reason.PROJECT_NOT_SET,
        Reason.PROJECT_NOT_FOUND,
        Reason.SECRET_NOT_FOUND,
        Reason.SECRET_KEY_NOT_FOUND,
        Reason.UNAUTHORIZED,
        Reason.FORBIDDEN,
        Reason.NAME_CONFLICT,
        Reason.REJECTED,
        Reason.REPLACEMENT_REQUIRED,
        Reason.DEPLOYMENT_FAILED,
        Reason.DELETION_BLOCKED,
        Reason.DRIFTED,
        Reason.MISSING_REMOTELY,
    }
)

RETAIN_HINT = "spec.deletionPolicy: Retain lets the resource go at once and leaves the remote JWK as it is"


def notes_for(facts: Facts, reason: Reason, message: str) -> tuple[Note, ...]:
    """An Event at the transition into a state that a person must know of; none while the state lasts."""
    if reason not in _WORTH_AN_EVENT or facts.resource.reason is reason:
        return ()
    return (Note(warning=True, reason=reason.value, message=message),)


def problem_report(facts: Facts, problem: Problem, operation: LastOperation | Keep = Keep.AS_IS) -> Report:
    """What keeps the wish from being fulfilled, with a delay where the operator itself will try again."""
    report = Report(
        problem.reason,
        problem.message,
        deployed=Keep.AS_IS if facts.resource.owns else False,
        operation=operation,
        notes=notes_for(facts, problem.reason, problem.message),
    )
    return with_delay(facts, report, problem.retry_after)


def with_delay(facts: Facts, report: Report, retry_after: float | None = None) -> Report:
    """Add the delay to the next attempt, where the operator itself is to try again."""
    if report.reason.waiting is not Waiting.OPERATOR or report.reason is Reason.DRIFTED:
        return report  # what drifted is looked at on the next check-up
    if retry_after is not None:
        return replace(report, delay=after(retry_after, facts.jitter))
    earlier = 0 if facts.changed else (facts.resource.status.failures or 0)
    return replace(report, failed=True, delay=backoff(earlier + 1, facts.jitter))


def suspended_report(facts: Facts) -> Report:
    """No remote change while `spec.suspend` is true; what was known stays."""
    return Report(
        Reason.SUSPENDED,
        "Nothing is changed in Apinizer while spec.suspend is true.",
        ready=Keep.AS_IS,
        synced=Keep.AS_IS,
        deployed=Keep.AS_IS if facts.resource.owns else False,
    )


def conflict_message(facts: Facts, owner: str | None) -> str:
    """Say who has the name, where that can be known, and what to do."""
    if owner is not None:
        return f"JWK {facts.remote} belongs to resource {owner}; choose another spec.name or remove one of the two"
    return (
        f"JWK {facts.remote} exists already and was not created by this resource; choose another spec.name or remove "
        "the JWK in Apinizer"
    )


def deployment_report(
    facts: Facts,
    spec: JWKSpec,
    remote: RemoteStatus,
    deployment: DeploymentResult | None,
    operation: LastOperation | Keep = Keep.AS_IS,
) -> Report:
    """The remote JWK is what the spec says: tell how its deployment stands, environment by environment.

    `deployment` is None when no write ever told, because the answer to the create call was lost.
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
        return _unknown_deployment(facts, report, required)
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


def _unknown_deployment(facts: Facts, report: Report, required: list[str] | None) -> Report:
    lost = "The JWK exists; what its environments said is unknown, because the answer to the call was lost."
    if required:
        message = f"{lost} spec.redeployPolicy: Always deploys it again."
        return replace(
            report,
            reason=Reason.DEPLOYMENT_FAILED,
            message=message,
            ready=False,
            deployed=None,
            notes=notes_for(facts, Reason.DEPLOYMENT_FAILED, message),
        )
    return replace(report, message=lost, deployed=None)


def failing_environments(spec: JWKSpec, deployment: DeploymentResult) -> str | None:
    """Return a sentence that names the required environments without the JWK; None when every one has it."""
    results = {item.environment_name: item for item in deployment.environment_results or ()}
    required = spec.required_environments if spec.required_environments is not None else sorted(results)
    failures = [
        f"{name} ({results[name].message or 'no message'})" if name in results else f"{name} (not reported by Apinizer)"
        for name in required
        if name not in results or not results[name].success
    ]
    if failures:
        return f"Not deployed to {', '.join(failures)}."
    if not results and not deployment.success:
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
