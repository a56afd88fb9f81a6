"""From manifests to a report: the API server's verdict on each, then what can be known besides."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from jwk_operator.admission import admit
from jwk_operator.cli.hiding import secret_values, without
from jwk_operator.cli.validate.findings import REFUSED, UNREADABLE, Finding, Report, Resource, finding
from jwk_operator.cli.validate.keys import look_at_key
from jwk_operator.cli.validate.relations import between, foreign, ours
from jwk_operator.cli.validate.secrets import secrets_among
from jwk_operator.manifests import Manifest, Unreadable


def check(
    manifests: Sequence[Manifest], unreadable: Sequence[Unreadable], now: datetime, step: Callable[[], None]
) -> Report:
    """Return the report. No secret value is in it, whichever field it was written into; `step` is called for each."""
    findings = [Finding(UNREADABLE, item.source, item.line, item.message) for item in unreadable]
    report = Report(findings)
    secrets = secrets_among(manifests)
    for manifest in manifests:
        step()
        resource = Resource.of(manifest)
        if not ours(manifest):
            findings += foreign(resource)
            report.passed_over += 1
            continue
        findings += _refusals(resource)
        remarks, key = look_at_key(resource, secrets, now)
        findings += remarks
        report.resources.append((resource, key))
    findings += between([resource for resource, _ in report.resources])
    return _fit_to_be_shown(report, secret_values(manifest.content for manifest in manifests))


def _refusals(resource: Resource) -> list[Finding]:
    verdict = admit(resource.manifest.content)
    return [finding(REFUSED, resource, refusal.path, refusal.message) for refusal in verdict.refusals]


def _fit_to_be_shown(report: Report, secrets: list[str]) -> Report:
    """Return the report in the order of the files, without any of the secret values."""

    def shown(resource: Resource) -> Resource:
        namespace, name = without(resource.namespace, secrets), without(resource.name, secrets)
        return replace(resource, kind=without(resource.kind, secrets), namespace=namespace, name=name)

    resources = {id(resource): shown(resource) for resource, _ in report.resources}
    findings = [
        replace(
            item,
            message=without(item.message, secrets),
            path=without(item.path, secrets),
            resource=item.resource and resources.get(id(item.resource), shown(item.resource)),
        )
        for item in report.findings
    ]
    keys = [
        (resources[id(resource)], key and replace(key, kid=key.kid and without(key.kid, secrets)))
        for resource, key in report.resources
    ]
    findings.sort(key=lambda item: (item.source, item.line))
    return Report(findings, keys, report.passed_over)
