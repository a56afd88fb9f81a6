"""RBAC: whether the operator, or who asks, has every right that the operator needs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jwk_operator.cli.doctor.findings import Finding, failed, ok, skipped, warning
from jwk_operator.cli.doctor.rights import Right
from jwk_operator.cli.wording import count
from jwk_operator.kube.client import ApiError, ApiUnavailableError, Kind, KubeClient, Raw

_GROUP = "authorization.k8s.io"
_OTHERS = Kind(_GROUP, "v1", "subjectaccessreviews")
_OWN = Kind(_GROUP, "v1", "selfsubjectaccessreviews")

Account = tuple[str, str]
"""Namespace and name of a ServiceAccount."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """Which rights somebody has. `account` is None for the caller's own."""

    account: Account | None
    allowed: Mapping[Right, bool]


class Reviews:
    """Asks the API server who may do what. These are POSTs, and change nothing."""

    def __init__(self, client: KubeClient) -> None:
        self._client = client

    async def review(self, rights: Iterable[Right], account: Account | None) -> Reviewed:
        """Ask for each right of a ServiceAccount, or of the caller (None).

        Raises `ApiError` (403: one may not ask about others) or `ApiUnavailableError`.
        """
        wanted = list(rights)
        answers = await asyncio.gather(*(self._ask(right, account) for right in wanted))
        return Reviewed(account, dict(zip(wanted, answers, strict=True)))

    async def _ask(self, right: Right, account: Account | None) -> bool:
        kind, spec = _OWN, {"resourceAttributes": right.attributes()}
        if account is not None:
            kind, spec = _OTHERS, {**spec, **_subject(account)}
        plural = "SubjectAccessReview" if account else "SelfSubjectAccessReview"
        body: Raw = {"apiVersion": f"{_GROUP}/v1", "kind": plural, "spec": spec}
        answer = await self._client.create(kind, "", body)
        return bool((answer.get("status") or {}).get("allowed"))


def _subject(account: Account) -> Raw:
    namespace, name = account
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    return {"user": f"system:serviceaccount:{namespace}:{name}", "groups": groups}


async def review_all(
    reviews: Reviews, rights: Iterable[Right], account: Account | None
) -> tuple[Reviewed | ApiError | ApiUnavailableError, bool]:
    """Ask about an account if the caller may, else about the caller; says whether it had to be the caller."""
    wanted, fallen_back = list(rights), False
    try:
        if account is not None:
            try:
                return await reviews.review(wanted, account), False
            except ApiError as error:
                if error.status != 403:
                    return error, False
                fallen_back = True
        return await reviews.review(wanted, None), fallen_back
    except (ApiError, ApiUnavailableError) as error:
        return error, fallen_back


def judge_rights(
    account: Account | None, reviewed: Reviewed | ApiError | ApiUnavailableError, *, fallen_back: bool
) -> list[Finding]:
    """Say which rights are missing, each with the rule that grants it, and how many are there."""
    found: list[Finding] = []
    if fallen_back and account is not None:
        found.append(
            skipped(
                "whose",
                f"you may not ask about ServiceAccount {account[0]}/{account[1]}: what follows are your own rights",
                "run doctor as somebody who may create subjectaccessreviews",
            )
        )
    if not isinstance(reviewed, Reviewed):
        return [*found, skipped("rights", f"they cannot be asked for: {reviewed}", "run doctor again")]
    missing = [right for right, allowed in reviewed.allowed.items() if not allowed]
    found += [_missing(right, reviewed.account) for right in missing]
    there = len(reviewed.allowed) - len(missing)
    if there or not missing:
        who = "you have" if reviewed.account is None else f"ServiceAccount {'/'.join(reviewed.account)} has"
        needed = f"of the {count(len(reviewed.allowed), 'right')} that the operator needs"
        found.append(ok("rights", f"{who} {'all' if not missing else there} {needed}"))
    return found


def _missing(right: Right, account: Account | None) -> Finding:
    where = "in the whole cluster" if right.namespace is None else f"in namespace {right.namespace}"
    if account is None:
        remedy = f"an operator that logs in as you would need {right.as_rule()}"
        return warning(str(right), f"you may not {right} {where}", remedy)
    role = f"a {'ClusterRole' if right.namespace is None else f'Role in namespace {right.namespace}'}"
    remedy = f"add to {role} that is bound to it: {right.as_rule()}"
    return failed(str(right), f"ServiceAccount {'/'.join(account)} may not {right} {where}", remedy)
