"""Without a cluster nothing tells whose a remote JWK is: how a resource would look that had made it. Pure."""

from __future__ import annotations

import copy
from datetime import datetime

from jwk_operator.api.base import CLAIM_ANNOTATION, FINALIZER, REMOTE_ANNOTATION
from jwk_operator.api.jwk import JWKSpec, SourceType
from jwk_operator.api.names import Claim, RemoteName, address_digest, visible_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.status import Condition, DeploymentResult, EnvironmentResult, JWKStatus, RemoteStatus
from jwk_operator.kube.client import Raw
from jwk_operator.reconcile.matching import key_type_of


def as_owned(raw: Raw, spec: JWKSpec, target: RemoteName, address: str, entry: RemoteEntry, now: datetime) -> Raw:
    """Return a new JWK as if the JWK that the list shows under its name were its own, and its spec had just changed.

    It is known as that of an adopted resource is: by what the list shows.
    """
    after = copy.deepcopy(raw)
    metadata = after["metadata"]
    visible = visible_digest(entry.source_type, entry.source_url, entry.description, entry.type, entry.kid)
    claim = Claim(target, metadata["uid"], visible, "", address_digest(address), adopts=True)
    records = {REMOTE_ANNOTATION: target.encode(), CLAIM_ANNOTATION: claim.encode()}
    metadata["annotations"] = {**metadata.get("annotations", {}), **records}
    metadata["finalizers"] = [FINALIZER]
    metadata["resourceVersion"] = str(int(metadata["resourceVersion"]) + 1)
    after["status"] = _status(spec, target, entry, now).model_dump(mode="json", by_alias=True, exclude_none=True)
    metadata["generation"] += 1
    return after


def _status(spec: JWKSpec, target: RemoteName, entry: RemoteEntry, now: datetime) -> JWKStatus:
    detached = spec.source_type.linked and entry.source_type != spec.source_type
    remote = RemoteStatus(
        project_name=target.project,
        name=target.name,
        type=key_type_of(entry),
        kid=entry.kid,
        source_type=next((item for item in SourceType if item.value == entry.source_type), None),
        # where the spec has none it may be somebody else's
        description=entry.description if spec.description is not None else None,
        adopted=True,
        # as after any update call: the list tells nothing of the source then
        source_detached=True if detached else None,
        observed_at=now,
    )
    ready = Condition(
        type="Ready", status="True", observed_generation=1, last_transition_time=now, reason=Reason.ADOPTED, message=""
    )
    environments = [EnvironmentResult(environment_name=name, success=True) for name in spec.required_environments or ()]
    deployed = DeploymentResult(success=True, environment_results=environments, time=now)
    return JWKStatus(observed_generation=1, conditions=[ready], remote=remote, deployment_result=deployed)
