"""The status of a JWK: a truthful report of what is known, in the shapes that kstatus and Apinizer use."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from jwk_operator.api.algorithms import KeyType
from jwk_operator.api.base import ApiModel, list_map
from jwk_operator.api.jwk import SourceType
from jwk_operator.api.reasons import Reason


class Condition(ApiModel):
    """A condition as in metav1.Condition."""

    type: Literal["Ready", "Synced", "Deployed", "Reconciling", "Stalled"] = Field(description="Type of the condition.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether the condition holds.")
    observed_generation: int | None = Field(None, description="Generation of the spec that this condition speaks of.")
    last_transition_time: datetime = Field(description="When `status` last changed.")
    reason: Reason = Field(description="Why, in one word of a closed set.")
    message: str = Field(
        max_length=32768, description="Why, in a sentence for people; stable while the cause is the same."
    )


class RemoteStatus(ApiModel):
    """What is known of the JWK in Apinizer. Its presence records that this resource owns that JWK."""

    project_name: str | None = Field(None, description="Project that holds the JWK.")
    name: str | None = Field(None, description="Name of the JWK in the project.")
    type: KeyType | None = Field(None, description="Key type.")
    kid: str | None = Field(None, description="Key ID.")
    source_type: SourceType | None = Field(None, description="Source type that the JWK was created with.")
    thumbprint: str | None = Field(
        None, description="SHA-256 thumbprint of the key (RFC 7638, base64url), when the operator holds the key."
    )
    description: str | None = Field(
        None, description="Description that was last sent or seen; absent when the spec leaves it to others."
    )
    source_digest: str | None = Field(
        None,
        description="Digest over the spec's source fields that the JWK was created from; reveals nothing of a key.",
    )
    key_digest: str | None = Field(
        None,
        description="Digest of the key that `spec.jwkStrFrom` gave, by which a changed Secret is noticed; salted and "
        "slow for a symmetric key.",
    )
    secret_version: str | None = Field(
        None, description="resourceVersion of the Secret when that key was last read from it."
    )
    adopted: bool | None = Field(
        None, description="True when the JWK existed before this resource and was taken over by it."
    )
    source_detached: bool | None = Field(
        None,
        description="True once an update call was made, which cuts the link between the JWK and its source, if any.",
    )
    observed_at: datetime | None = Field(None, description="When the facts above were last seen to change.")


class EnvironmentResult(ApiModel):
    """What a write reported for one environment."""

    environment_name: str = Field(description="Name of the environment.")
    success: bool = Field(description="Whether the environment has the JWK, as far as the last write reported.")
    message: str | None = Field(None, description="Apinizer's message.")
    last_transition_time: datetime | None = Field(None, description="When `success` last changed.")


class DeploymentResult(ApiModel):
    """What the last write reported; a report of then, not a live view."""

    success: bool = Field(description="Whether the deployment as a whole succeeded.")
    message: str | None = Field(None, description="Apinizer's message.")
    environment_results: list[EnvironmentResult] | None = Field(
        None, description="Outcome for each environment.", json_schema_extra=list_map("environmentName")
    )
    time: datetime | None = Field(None, description="When the write was answered.")


class LastOperation(ApiModel):
    """The last write to Apinizer."""

    type: Literal["Create", "Update", "Delete", "Generate", "List"] = Field(description="Which call it was.")
    time: datetime = Field(description="When it ended.")
    http_status: int | None = Field(None, description="HTTP status of the answer; absent when there was none.")
    error_code: str | None = Field(None, description="Apinizer's error code, if any.")


class ReplacementStatus(ApiModel):
    """Where a replacement stands."""

    step: Literal["RenamedAside", "Created", "KeepingOld"] = Field(description="Last step that is done.")
    old_name: str = Field(description="Name that the old JWK has meanwhile.")
    keep_old_until: datetime | None = Field(None, description="When the old JWK goes.")
    refusal: str | None = Field(None, description="Why Apinizer refused the new JWK, while the old one is put back.")
    refusal_reason: Reason | None = Field(
        None, description="Reason that goes with it. After Forbidden the replacement is tried again now and then."
    )


class JWKStatus(ApiModel):
    """Status of a JWK."""

    observed_generation: int = Field(
        -1, description="Generation of the spec that this status speaks of; -1 before the first look."
    )
    last_handled_reconcile_at: str | None = Field(
        None, description="Value of the annotation apiops.apinizer.com/reconcile-requested-at that was last acted on."
    )
    conditions: list[Condition] | None = Field(
        None,
        max_length=8,
        description="Ready, Synced (the remote JWK is what the spec says) and Deployed (every required environment has "
        "it); Reconciling and Stalled are present only when True.",
        json_schema_extra=list_map("type"),
    )
    remote: RemoteStatus | None = Field(
        None, description="The JWK in Apinizer, once it is known to be this resource's."
    )
    deployment_result: DeploymentResult | None = Field(
        None, description="What the last write reported for each environment."
    )
    environments: str | None = Field(None, description="Environments that have the JWK, of those reported: `2/3`.")
    last_operation: LastOperation | None = Field(None, description="The last write to Apinizer.")
    replacement: ReplacementStatus | None = Field(
        None, description="Where a replacement stands; absent when there is none."
    )
    failures: int | None = Field(None, ge=0, description="Attempts that failed in a row.")
    next_attempt_at: datetime | None = Field(None, description="When the next attempt is due.")
