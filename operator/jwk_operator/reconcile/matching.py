"""Whose a listed JWK is: by the records on a resource, by what is known of it, or by the spec alone. Pure."""

from __future__ import annotations

from jwk_operator.api.algorithms import KeyType, key_types_of
from jwk_operator.api.jwk import JWKSpec, SourceType
from jwk_operator.api.names import Aside, Claim, seen_digest, source_digest, visible_digest
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.rules_jwk import SOURCE_FIELDS
from jwk_operator.api.status import RemoteStatus
from jwk_operator.reconcile.keymaterial import KeyFacts


def is_what_was_sent(claim: Claim, entry: RemoteEntry) -> bool:
    """Whether a listed JWK is the one that the claim announces, also after the spec was edited."""
    about_key = ((entry.type, entry.kid), (entry.type, None), (None, None))
    seen = (entry.source_type, entry.source_url, entry.description)
    return claim.visible in {visible_digest(*seen, key_type, kid) for key_type, kid in about_key}


def is_old(aside: Aside, entry: RemoteEntry | None) -> bool:
    """Whether a listed JWK is the one that is being replaced. Its source may look detached by now, its key cannot."""
    return entry is not None and seen_digest(entry.type, entry.kid) == aside.seen


def drift(remote: RemoteStatus, spec: JWKSpec | None, entry: RemoteEntry) -> str | None:
    """Say how a listed JWK differs from the one that is known; None when it does not.

    Its URL is compared while the spec names the source that the JWK was created from.
    """
    return differs_in_key(remote, entry) or differs_in_source(remote, spec, entry)


def differs_in_key(remote: RemoteStatus, entry: RemoteEntry) -> str | None:
    """Say how the key of a listed JWK differs from the known one, as far as the list shows it."""
    for member, known, seen in (("type", remote.type, entry.type), ("kid", remote.kid, entry.kid)):
        if known is not None and seen is not None and known != seen:
            return f'The JWK in Apinizer has {member} "{seen}", not "{known}" as before: somebody else changed it.'
    return None


def differs_in_source(remote: RemoteStatus, spec: JWKSpec | None, entry: RemoteEntry) -> str | None:
    """Say how the source of a listed JWK differs from the known one; None when it does not, or was detached."""
    if remote.source_detached:
        return None  # what the list says of a source after an update is not documented
    if remote.source_type is not None and entry.source_type not in ("", remote.source_type):
        return f'The JWK in Apinizer has source type "{entry.source_type}", not "{remote.source_type}".'
    if spec is None or spec.url is None or remote.source_digest not in (None, source_digest(spec)):
        return None
    if entry.source_url not in (None, spec.url):
        return "The JWK in Apinizer is fetched from another address than spec.url."  # which may hold credentials
    return None


def cuts_link(remote: RemoteStatus) -> bool:
    """Whether an update call would cut the link between the JWK and its source."""
    return bool(remote.source_type and remote.source_type.linked and not remote.source_detached)


def detached(remote: RemoteStatus) -> RemoteStatus:
    """What is known of the JWK once an update call was made, whatever that changed."""
    return remote.model_copy(update={"source_detached": True})


def looks_like(remote: RemoteStatus, spec: JWKSpec | None, entry: RemoteEntry) -> bool:
    """Whether a listed JWK at another address seems to be the known one."""
    return drift(remote, spec, entry) is None and (remote.description or "") == entry.description


def mismatch(spec: JWKSpec, key: KeyFacts | None, entry: RemoteEntry) -> str | None:
    """Say in what a listed JWK of unknown origin differs from the spec; None when all that the list shows matches."""
    if entry.source_type != spec.source_type:
        return f'its source type is "{entry.source_type}", not "{spec.source_type}"'
    if spec.url is not None and entry.source_url not in (None, spec.url):
        return "it is fetched from another address than spec.url"
    if spec.description is not None and spec.description != entry.description:
        return "its description is not what spec.description says"
    types = _key_types(spec, key)
    if types and entry.type is not None and entry.type not in types:
        return f'its key type is "{entry.type}", not {" or ".join(sorted(types))}'
    kid = _kid(spec, key)
    if kid is not None and kid != entry.kid:
        return f'its kid is "{entry.kid}", not "{kid}"' if entry.kid else f'it has no kid, where "{kid}" is wanted'
    return None


def _key_types(spec: JWKSpec, key: KeyFacts | None) -> frozenset[str]:
    if key is not None:
        return frozenset({key.type.value})
    if spec.generate is not None:
        return frozenset({spec.generate.type})
    return frozenset(item.value for item in key_types_of(spec.algorithm)) if spec.algorithm else frozenset()


def _kid(spec: JWKSpec, key: KeyFacts | None) -> str | None:
    if spec.kid is not None:
        return spec.kid
    if key is not None and key.kid is not None:
        return key.kid
    return spec.generate.kid if spec.generate else None


def lacking(spec: JWKSpec) -> str | None:
    """Say which source field a create call would need; None when the spec has them all.

    Under `adoptionPolicy: IfMatching` they may be left out, as the project's list cannot show them.
    """
    given = spec.model_dump(by_alias=True, exclude_none=True)
    for field in SOURCE_FIELDS:
        if spec.source_type in field.belongs_to and field.remedy is not None and field.name not in given:
            return f"spec.{field.name} is needed for that: {field.remedy}"
    if spec.source_type is SourceType.COPY_PASTE and not gives_key(spec):
        return "spec.jwkStr or spec.jwkStrFrom is needed for that: set one of them"
    return None


def gives_key(spec: JWKSpec) -> bool:
    """Whether the operator itself holds the key."""
    return spec.jwk_str is not None or spec.jwk_str_from is not None


def key_type_of(entry: RemoteEntry) -> KeyType | None:
    """The key type that the list shows, where it is one that is known."""
    return next((item for item in KeyType if item.value == entry.type), None)


def description_differs(spec: JWKSpec, remote: RemoteStatus) -> bool:
    """Whether the description that is known is not the wish; one that neither has, or others look after, is no wish."""
    cared_for = spec.description is not None or bool(remote.description)
    return cared_for and remote.description != (spec.description or "")
