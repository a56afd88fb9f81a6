"""JWKs and the connections that they name: what cannot work, whatever the manager says. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.answers import EnvironmentEntry
from jwk_operator.cli.doctor.findings import Finding, advice, failed, ok, skipped, some
from jwk_operator.cli.doctor.inventory import User
from jwk_operator.cli.wording import count

_WRITES = {"Create": "creation", "Update": "update", "Delete": "deletion", "Generate": "generation"}


def judge_users(users: Iterable[User], *, labels_known: bool) -> list[Finding]:
    """Say which JWKs cannot use the connection that they name, those with the same trouble in one line."""
    troubled: dict[str, list[str]] = defaultdict(list)
    unknown: list[str] = []
    total = 0
    for user in users:
        total += 1
        problem = user.resolved.problem
        if user.jwk.spec is None:
            troubled[user.jwk.spec_problem].append(str(user))
        elif problem is not None and problem.reason is Reason.CONNECTION_NOT_ALLOWED and not labels_known:
            unknown.append(str(user))
        elif problem is not None:
            troubled[problem.message].append(str(user))
    found = [_trouble(message, names) for message, names in troubled.items()]
    if unknown:
        why = f"{some(unknown)}: whether the connection allows the namespace depends on labels that you may not read"
        found.append(skipped("JWKs", why, "run doctor as somebody who may get namespaces"))
    return found or [ok("JWKs", f"{count(total, 'JWK')}, each with a connection that it may use" if total else "none")]


def _trouble(message: str, names: Sequence[str]) -> Finding:
    said, told = advice(message)
    return failed("JWKs", f"{some(names)}: {said}", told or "correct it; jwk-operator validate says what is expected")


def judge_environments(
    users: Iterable[User], environments: Mapping[str, tuple[EnvironmentEntry, ...]]
) -> list[Finding]:
    """Say which JWKs name environments that their project does not have. `environments` are by project, as known."""
    troubled: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for user in users:
        project = user.resolved.target.project if user.resolved.target else ""
        if project not in environments or user.jwk.spec is None:
            continue
        there = {entry.name for entry in environments[project]}
        for name in user.jwk.spec.required_environments or ():
            if name not in there:
                troubled["requiredEnvironments", name, project].append(str(user))
        named = user.jwk.spec.environment_name
        if named and named not in there:
            troubled["environmentName", named, project].append(str(user))
    return [
        failed(
            "environments",
            f'{some(names)}: spec.{field} names "{name}", which project "{project}" does not have',
            f"correct spec.{field}, or add the environment to the project",
        )
        for (field, name, project), names in troubled.items()
    ]


def judge_writing(users: Iterable[User]) -> Finding:
    """Say what is known of the right to write: doctor writes nothing, so only what the operator reported tells."""
    written = [
        (operation.time, user, operation)
        for user in users
        if (operation := user.jwk.status.last_operation) is not None
        and operation.type in _WRITES
        and operation.http_status in (200, 403)
    ]
    if not written:
        why = "not checked: SECRETS + DEPLOY_UNDEPLOY and the right to write show only when something is written"
        return skipped("writing", why, "the first JWK says Forbidden in its status if a right is missing")
    _, user, last = max(written, key=lambda item: item[0])
    said = f"the {_WRITES[last.type]} of {user} by the operator at {last.time:%Y-%m-%d %H:%M} UTC"
    if last.http_status == 403:
        told = "give the account of the token SECRETS + MANAGE and SECRETS + DEPLOY_UNDEPLOY in the project"
        return failed("writing", f"{said} was forbidden (403)", told)
    return ok("writing", f"{said} was carried out; doctor itself writes nothing")
