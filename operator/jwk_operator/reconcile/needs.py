"""What a step needs first, and the records that go with it. Pure."""

from __future__ import annotations

from jwk_operator.api.jwk import JWKSpec, SourceType
from jwk_operator.api.names import Claim, RemoteName, address_digest, source_digest, visible_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.status import RemoteStatus
from jwk_operator.reconcile.keymaterial import KeyFacts
from jwk_operator.reconcile.matching import gives_key, key_type_of
from jwk_operator.reconcile.reports import problem_report
from jwk_operator.reconcile.state import Decision, Facts, Look, Problem, Report


def key_first(facts: Facts, spec: JWKSpec) -> Decision | None:
    """Key material is checked before any call, and so before the project is listed."""
    if not gives_key(spec):
        return None
    if facts.key is None:
        return Look(key=True)
    return problem_report(facts, facts.key) if isinstance(facts.key, Problem) else None


def list_first(facts: Facts) -> Decision | None:
    """The project's list is needed."""
    if facts.listed is None:
        return Look(listed=True)
    return problem_report(facts, facts.listed) if isinstance(facts.listed, Problem) else None


def line_first(facts: Facts) -> Decision | None:
    """An open line is needed, to make a call."""
    if facts.client is None:
        return Look(client=True)
    return problem_report(facts, facts.client) if isinstance(facts.client, Problem) else None


def environment_first(facts: Facts, spec: JWKSpec) -> Look | Report | None:
    """Before a create call that names an environment: it must be one of the project's, as far as that can be known."""
    name = spec.environment_name
    if name is None:
        return None
    if not facts.environments_asked:
        return Look(environments=True)
    if facts.environments is None or name in facts.environments:
        return None
    those = ", ".join(f'"{other}"' for other in sorted(facts.environments)) or "none"
    project = facts.remote.project if facts.remote else ""
    message = (
        f'spec.environmentName "{name}" is not an environment of project "{project}", which has {those}; '
        "choose one of them."
    )
    return problem_report(facts, Problem(Reason.INVALID_SPEC, message))


def key_of(facts: Facts) -> KeyFacts | None:
    """The key, where it was read and is good."""
    return facts.key if isinstance(facts.key, KeyFacts) else None


def claim_for(facts: Facts, spec: JWKSpec, target: RemoteName) -> Claim:
    """The record of what a create call for this spec would send."""
    key = key_of(facts)
    key_type, kid = (key.type.value, key.kid) if key else (None, None)
    if spec.generate is not None:
        key_type, kid = spec.generate.type, spec.generate.kid
    return Claim(
        remote=target,
        uid=facts.resource.uid,
        visible=visible_digest(spec.source_type.value, spec.url, spec.description, key_type, kid),
        source=source_digest(spec),
        address=address_digest(facts.address) if facts.address else "",
        key=(key.digest if key else None) or "",
    )


def found(facts: Facts, spec: JWKSpec, claim: Claim, entry: RemoteEntry) -> RemoteStatus:
    """What is known of a JWK that the list shows and the claim announced."""
    key = key_of(facts)
    same_key = key is not None and key.kid in (None, entry.kid) and claim.key == (key.digest or "")
    unmanaged = claim.adopts and spec.description is None
    return RemoteStatus(
        project_name=claim.remote.project,
        name=claim.remote.name,
        type=key_type_of(entry),
        kid=entry.kid,
        source_type=SourceType(entry.source_type),
        thumbprint=key.thumbprint if key and same_key else None,
        description=None if unmanaged else entry.description,
        source_digest=claim.source or None,
        key_digest=claim.key or None,
        secret_version=key.secret_version if key and same_key else None,
        adopted=True if claim.adopts else None,
        observed_at=facts.now,
    )


def source_change(facts: Facts, spec: JWKSpec, remote: RemoteStatus) -> str | None:
    """Say why the key that is wished for is not the one in Apinizer; None when it is, as far as is known."""
    if remote.source_digest not in (None, source_digest(spec)):
        return "the spec names another source than the one it was created from"
    key = key_of(facts)
    if key is not None and key.digest is not None and remote.key_digest not in (None, key.digest):
        return "the Secret that spec.jwkStrFrom names holds another key than the one it was created from"
    return None
