"""Cases for the conclusion: every call with every verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from jwk_operator.api.reasons import Reason
from jwk_operator.api.status import DeploymentResult, EnvironmentResult, LastOperation
from jwk_operator.apinizer.answers import Answer, Deployment, EnvironmentOutcome, Verdict
from jwk_operator.reconcile.state import Call, Conclusion, Create, Delete, Facts, Keep, Note, Ready, Report, Update
from unit.builders import CREDENTIAL, KEY, NOW, TARGET, a_remote, a_spec, a_status, claimed, owned, retried, stalled
from unit.decide_cases import EXISTS, LOST, MISSING
from unit.deletion_cases import going

R = Reason

AS_IS = Keep.AS_IS
LINE = Ready(CREDENTIAL)
Operation = Literal["Create", "Update", "Delete"]

ANSWERS = {
    Verdict.OK: Answer(Verdict.OK, http_status=200),
    Verdict.EXISTS: Answer(Verdict.EXISTS, "JWK (name: signing) is already exist!", 400, "bad_request"),
    Verdict.MISSING: Answer(Verdict.MISSING, "JWK (name: signing) is not found!", 400, "bad_request"),
    Verdict.PROJECT_MISSING: Answer(Verdict.PROJECT_MISSING, "Project(shop) was not found", 404, "not_found"),
    Verdict.REJECTED: Answer(Verdict.REJECTED, "Certificate (name: cert) is not found!", 400, "bad_request"),
    Verdict.UNAUTHORIZED: Answer(Verdict.UNAUTHORIZED, "Invalid token", 401, "invalid_token"),
    Verdict.FORBIDDEN: Answer(Verdict.FORBIDDEN, "You may not", 403, "forbidden"),
    Verdict.RATE_LIMITED: Answer(Verdict.RATE_LIMITED, "Slow down", 429, "rate_limit_exceeded", retry_after=30),
    Verdict.SERVER_ERROR: Answer(Verdict.SERVER_ERROR, "Unexpected", 500, "internal_error"),
    Verdict.UNREACHABLE: Answer(Verdict.UNREACHABLE, "https://m refuses connections"),
}
SAYS = {
    Verdict.EXISTS: (R.REJECTED, "Apinizer rejected the request: JWK (name: signing) is already exist!"),
    Verdict.MISSING: (R.REJECTED, "Apinizer rejected the request: JWK (name: signing) is not found!"),
    Verdict.PROJECT_MISSING: (
        R.PROJECT_NOT_FOUND,
        (
            'Project "shop" cannot be used; correct its name, or give the account access to it: Project(shop) was not '
            "found"
        ),
    ),
    Verdict.REJECTED: (R.REJECTED, "Apinizer rejected the request: Certificate (name: cert) is not found!"),
    Verdict.UNAUTHORIZED: (
        R.UNAUTHORIZED,
        f"Apinizer does not accept the token of {CREDENTIAL}; put a valid one there: Invalid token",
    ),
    Verdict.FORBIDDEN: (
        R.FORBIDDEN,
        (
            f"The token of {CREDENTIAL} lacks permission; it needs SECRETS + MANAGE and SECRETS + DEPLOY_UNDEPLOY in "
            'project "shop": You may not'
        ),
    ),
    Verdict.RATE_LIMITED: (R.RATE_LIMITED, "Slow down."),
    Verdict.SERVER_ERROR: (R.SERVER_ERROR, "Apinizer failed (500): Unexpected"),
    Verdict.UNREACHABLE: (R.UNREACHABLE, "No answer from Apinizer: https://m refuses connections."),
}
_LATER = (Verdict.RATE_LIMITED, Verdict.SERVER_ERROR, Verdict.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Row:
    """One answer to one call, and what must follow."""

    name: str
    call: Call
    facts: Facts
    answer: Answer
    conclusion: Conclusion


def operation(kind: Operation, answer: Answer) -> LastOperation:
    return LastOperation(type=kind, time=NOW, http_status=answer.http_status, error_code=answer.code)


def reported(kind: Operation, verdict: Verdict, delay: float, **rest: Any) -> Report:
    """What the status says after a call that failed; `delay` is that of the backoff."""
    reason, message = SAYS[verdict]
    rest = {"operation": operation(kind, ANSWERS[verdict]), **rest}
    if verdict is Verdict.RATE_LIMITED:
        return retried(reason, message, 31.0, failed=False, **rest)
    if verdict in _LATER:
        return retried(reason, message, delay, **rest)
    # that a credential is refused is told about the connection, once
    return stalled(reason, message, note=verdict is not Verdict.UNAUTHORIZED, **rest)


def ok(deployment: Deployment | None = None) -> Answer:
    return replace(ANSWERS[Verdict.OK], deployment=deployment)


def deployment(*, message: str = "Deployment completed successfully", **environments: bool) -> Deployment:
    parts = tuple(EnvironmentOutcome(name, done, "done" if done else "down") for name, done in environments.items())
    return Deployment(all(environments.values()), message, parts)


def result(*, message: str | None = "Deployment completed successfully", **environments: bool) -> DeploymentResult:
    parts = [
        EnvironmentResult(
            environment_name=name, success=done, message="done" if done else "down", last_transition_time=NOW
        )
        for name, done in environments.items()
    ]
    return DeploymentResult(success=all(environments.values()), message=message, environment_results=parts, time=NOW)


def done(kind: Operation, message: str, **rest: Any) -> Report:
    fields = {"ready": True, "synced": True, "deployed": True, "operation": operation(kind, ANSWERS[Verdict.OK])}
    return Report(**{"reason": R.DEPLOYED, "message": message, **fields, **rest})


# --- create ------------------------------------------------------------------------------------------

_CREATE = Create(TARGET)
_FIRST = claimed(client=LINE, claimed_now=True)
_AGAIN = claimed(client=LINE)
_NEW = a_remote(a_spec(), observed_at=NOW)
_KEYED = a_remote(a_spec("COPY_PASTE"), type="EC", kid="k1", thumbprint="thumb", observed_at=NOW)
_CREATING = "Apinizer says that the JWK exists; the project's list decides whether it is this resource's."
_REFUSED = (Verdict.MISSING, Verdict.PROJECT_MISSING, Verdict.REJECTED, Verdict.UNAUTHORIZED, Verdict.FORBIDDEN)
_HALF = "Not deployed to test (down). "

_NO_WORKER = stalled(
    R.DEPLOYMENT_FAILED,
    "The deployment failed: no worker. spec.redeployPolicy: Never leaves it so; set Auto or Always, or "
    "change the description, to deploy again.",
    synced=True,
    deployed=False,
    remote=_NEW,
    operation=operation("Create", ok()),
    deployment=DeploymentResult(success=False, message="no worker", environment_results=[], time=NOW),
)

CREATES = [
    Row(
        "everywhere",
        _CREATE,
        _FIRST,
        ok(deployment(prod=True)),
        Conclusion(done("Create", "Deployed to 1 environment.", remote=_NEW, deployment=result(prod=True))),
    ),
    Row(
        "a key",
        _CREATE,
        claimed("COPY_PASTE", client=LINE, key=KEY),
        ok(deployment(prod=True)),
        Conclusion(done("Create", "Deployed to 1 environment.", remote=_KEYED, deployment=result(prod=True))),
    ),
    Row(
        "outcome not told",
        _CREATE,
        _FIRST,
        ok(),
        Conclusion(done("Create", LOST, deployed=None, remote=_NEW, deployment=None)),
    ),
    Row(
        "an environment failed, no link",
        _CREATE,
        claimed("COPY_PASTE", client=LINE, key=KEY),
        ok(deployment(test=False)),
        Conclusion(
            done(
                "Create",
                f"{_HALF}It is deployed again with growing delays.",
                reason=R.DEPLOYMENT_INCOMPLETE,
                ready=False,
                deployed=False,
                remote=_KEYED,
                deployment=result(test=False),
                failed=True,
                delay=4.0,
            )
        ),
    ),
    Row(
        "deployment failed without a word of environments",
        _CREATE,
        claimed(client=LINE, spec={"redeployPolicy": "Never"}),
        ok(Deployment(False, "no worker", ())),
        Conclusion(_NO_WORKER),
    ),
    Row(
        "deployment failed without an environment that did",
        _CREATE,
        claimed(client=LINE, spec={"redeployPolicy": "Never"}),
        ok(replace(deployment(prod=True), success=False, message="no worker")),
        Conclusion(
            replace(
                _NO_WORKER,
                deployment=result(prod=True).model_copy(update={"success": False, "message": "no worker"}),
            )
        ),
    ),
    Row(
        "EXISTS, just claimed",
        _CREATE,
        _FIRST,
        ANSWERS[Verdict.EXISTS],
        Conclusion(
            stalled(R.NAME_CONFLICT, EXISTS, operation=operation("Create", ANSWERS[Verdict.EXISTS])), disclaim=True
        ),
    ),
    Row(
        "EXISTS, just claimed, and would be taken over",
        _CREATE,
        claimed(client=LINE, claimed_now=True, spec={"adoptionPolicy": "IfMatching"}),
        ANSWERS[Verdict.EXISTS],
        Conclusion(
            retried(R.CREATING, _CREATING, 4.0, operation=operation("Create", ANSWERS[Verdict.EXISTS])), disclaim=True
        ),
    ),
    Row(
        "EXISTS, time and again",
        _CREATE,
        replace(_AGAIN, resource=replace(_AGAIN.resource, status=a_status(R.CREATING, failures=3))),
        ANSWERS[Verdict.EXISTS],
        Conclusion(
            stalled(R.NAME_CONFLICT, EXISTS, operation=operation("Create", ANSWERS[Verdict.EXISTS])), disclaim=True
        ),
    ),
    Row(
        "EXISTS, claimed before",
        _CREATE,
        _AGAIN,
        ANSWERS[Verdict.EXISTS],
        Conclusion(retried(R.CREATING, _CREATING, 4.0, operation=operation("Create", ANSWERS[Verdict.EXISTS]))),
    ),
    *(
        Row(verdict.name, _CREATE, _FIRST, ANSWERS[verdict], Conclusion(reported("Create", verdict, 0), disclaim=True))
        for verdict in _REFUSED
    ),
    *(
        Row(verdict.name, _CREATE, _FIRST, ANSWERS[verdict], Conclusion(reported("Create", verdict, 4.0)))
        for verdict in _LATER
    ),
]

# --- update ------------------------------------------------------------------------------------------

_OLD = a_remote(a_spec(), description="old")
_UPDATE = Update(TARGET, "new", _OLD)
_EDITED = owned(client=LINE, spec={"description": "new"}, remote={"description": "old"})
_CHANGED = _OLD.model_copy(update={"description": "new", "source_detached": True})
_CUT = Note(
    warning=True,
    reason="SourceDetached",
    message="The update cut the link between the JWK and its URL source: Apinizer no longer follows changes of that "
    "source.",
)
_WHY = Note(warning=True, reason="Drifted", message="Somebody else changed it.")
_DONE = done("Update", "Deployed to 1 environment.", remote=_CHANGED, deployment=result(prod=True))
_PASTED = a_remote(a_spec("COPY_PASTE"))

UPDATES = [
    Row("linked", _UPDATE, _EDITED, ok(deployment(prod=True)), Conclusion(_DONE, notes=(_CUT,))),
    Row(
        "put back, told whatever comes of it",
        replace(_UPDATE, notes=(_WHY,)),
        _EDITED,
        ANSWERS[Verdict.SERVER_ERROR],
        Conclusion(reported("Update", Verdict.SERVER_ERROR, 1.0, deployed=AS_IS, remote=_OLD), notes=(_WHY,)),
    ),
    Row(
        "detached before",
        replace(_UPDATE, remote=_OLD.model_copy(update={"source_detached": True})),
        _EDITED,
        ok(deployment(prod=True)),
        Conclusion(_DONE),
    ),
    Row(
        "no link",
        Update(TARGET, "new", _PASTED),
        owned("COPY_PASTE", client=LINE),
        ok(deployment(prod=True)),
        Conclusion(replace(_DONE, remote=_PASTED.model_copy(update={"description": "new", "source_detached": True}))),
    ),
    Row(
        "a description that is left to others",
        Update(TARGET, "theirs", _PASTED.model_copy(update={"description": None})),
        owned("COPY_PASTE", client=LINE),
        ok(deployment(prod=True)),
        Conclusion(replace(_DONE, remote=_PASTED.model_copy(update={"description": None, "source_detached": True}))),
    ),
    Row(
        "MISSING",
        _UPDATE,
        _EDITED,
        ANSWERS[Verdict.MISSING],
        Conclusion(
            Report(
                R.MISSING_REMOTELY,
                MISSING,
                deployed=False,
                remote=None,
                deployment=None,
                operation=operation("Update", ANSWERS[Verdict.MISSING]),
                delay=0,
                notes=(Note(warning=True, reason="MissingRemotely", message=MISSING),),
            )
        ),
    ),
    *(
        Row(
            verdict.name,
            _UPDATE,
            _EDITED,
            ANSWERS[verdict],
            Conclusion(reported("Update", verdict, 1.0, deployed=AS_IS, remote=_OLD)),
        )
        for verdict in ANSWERS
        if verdict not in (Verdict.OK, Verdict.MISSING)
    ),
]

# --- delete ------------------------------------------------------------------------------------------

_DELETE = Delete(TARGET)
_GOING = going(owned(client=LINE))
_LEFT = 'Not undeployed from dr, test; JWK "signing" in project "shop" is deleted again with growing delays.'
_SOMEWHERE = _LEFT.replace("dr, test", "every environment")
_DELETING = Report(
    R.DELETING,
    _LEFT,
    deployment=result(test=False, dr=False),
    operation=operation("Delete", ok()),
    failed=True,
    delay=1.0,
    notes=(Note(True, "Deleting", _LEFT),),
)


def blocked(verdict: Verdict) -> Report:
    why = SAYS[verdict][1].rstrip(".")
    hint = "spec.deletionPolicy: Retain lets the resource go at once and leaves the remote JWK as it is"
    message = f"The remote JWK cannot be deleted: {why}. Mend that; {hint}."
    return stalled(R.DELETION_BLOCKED, message, deployed=AS_IS, operation=operation("Delete", ANSWERS[verdict]))


DELETES = [
    Row("everywhere", _DELETE, _GOING, ok(deployment(prod=True)), Conclusion(let_go=True)),
    Row("outcome not told", _DELETE, _GOING, ok(), Conclusion(let_go=True)),
    Row("environments failed", _DELETE, _GOING, ok(deployment(test=False, dr=False)), Conclusion(_DELETING)),
    Row(
        "failed without an environment that did",
        _DELETE,
        _GOING,
        ok(Deployment(False, "no worker", ())),
        Conclusion(
            replace(
                _DELETING,
                message=_SOMEWHERE,
                deployment=DeploymentResult(success=False, message="no worker", environment_results=[], time=NOW),
                notes=(Note(True, "Deleting", _SOMEWHERE),),
            )
        ),
    ),
    Row(
        "environments failed again",
        _DELETE,
        going(owned(reason=R.DELETING, client=LINE, status={"failures": 2})),
        ok(deployment(test=False, dr=False)),
        Conclusion(replace(_DELETING, notes=(), delay=4.0)),
    ),
    Row("MISSING", _DELETE, _GOING, ANSWERS[Verdict.MISSING], Conclusion(let_go=True)),
    *(
        Row(
            verdict.name,
            _DELETE,
            _GOING,
            ANSWERS[verdict],
            Conclusion(reported("Delete", verdict, 1.0, deployed=AS_IS)),
        )
        for verdict in _LATER
    ),
    *(
        Row(verdict.name, _DELETE, _GOING, ANSWERS[verdict], Conclusion(blocked(verdict)))
        for verdict in ANSWERS
        if verdict not in (*_LATER, Verdict.OK, Verdict.MISSING)
    ),
]

CONCLUSIONS = [*CREATES, *UPDATES, *DELETES]
