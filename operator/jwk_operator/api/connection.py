"""Connections: where the Management API is, how to log in to it, and how much to ask of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from jwk_operator.api.base import LIST_SET, ApiModel, Duration, list_map

NamespaceName = Annotated[str, Field(min_length=1, max_length=63)]


class TokenSecretRef(ApiModel):
    """A Secret that holds a Bearer token."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")
    key: str = Field("token", min_length=1, max_length=253, description="Key that holds the token.")
    namespace: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        description="Namespace of the Secret. ClusterApinizerConnection only, and needed there.",
    )


class ClientCredentialsSecretRef(ApiModel):
    """A Secret that holds client credentials."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")
    client_id_key: str = Field("client_id", min_length=1, max_length=253, description="Key that holds the client ID.")
    client_secret_key: str = Field(
        "client_secret", min_length=1, max_length=253, description="Key that holds the client secret."
    )
    namespace: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        description="Namespace of the Secret. ClusterApinizerConnection only, and needed there.",
    )


class Auth(ApiModel):
    """How to log in; exactly one of the two."""

    token_secret_ref: TokenSecretRef | None = Field(None, description="A personal or service token from a Secret.")
    client_credentials_secret_ref: ClientCredentialsSecretRef | None = Field(
        None, description="Client credentials from a Secret, exchanged for a token."
    )


class ProxyAuthSecretRef(ApiModel):
    """A Secret that holds user name and password for the proxy."""

    name: str = Field(min_length=1, max_length=253, description="Name of the Secret.")
    username_key: str = Field("username", min_length=1, max_length=253, description="Key that holds the user name.")
    password_key: str = Field("password", min_length=1, max_length=253, description="Key that holds the password.")
    namespace: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        description="Namespace of the Secret. ClusterApinizerConnection only, and needed there.",
    )


class CaRef(ApiModel):
    """A PEM bundle of certificate authorities."""

    kind: Literal["Secret", "ConfigMap"] = Field("Secret", description="Kind of the object that holds the bundle.")
    name: str = Field(min_length=1, max_length=253, description="Name of the object.")
    key: str = Field("ca.crt", min_length=1, max_length=253, description="Key that holds the bundle.")
    namespace: str | None = Field(
        None,
        min_length=1,
        max_length=63,
        description="Namespace of the object. ClusterApinizerConnection only, and needed there.",
    )


class Tls(ApiModel):
    """How the manager's certificate is checked."""

    ca_ref: CaRef | None = Field(None, description="Certificate authorities to trust instead of the system's.")
    insecure_skip_verify: bool = Field(
        False, description="Accept any certificate. For trials only: the token can be stolen."
    )


class LabelSelectorRequirement(ApiModel):
    """One requirement of a label selector, as in metav1.LabelSelectorRequirement."""

    key: str = Field(min_length=1, max_length=317, description="Label key.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="How key and values relate.")
    values: list[str] | None = Field(
        None, max_length=64, description="Values for In and NotIn; absent for Exists and DoesNotExist."
    )


class LabelSelector(ApiModel):
    """A label selector, as in metav1.LabelSelector; an empty one selects everything."""

    match_labels: dict[str, str] | None = Field(None, description="Labels that must have these values.")
    match_expressions: list[LabelSelectorRequirement] | None = Field(
        None, max_length=64, description="Requirements that must hold."
    )


class AllowedNamespaces(ApiModel):
    """Who may use a cluster-wide connection: namespaces named or selected."""

    names: list[NamespaceName] | None = Field(
        None, max_length=1024, description="Namespaces by name.", json_schema_extra=LIST_SET
    )
    selector: LabelSelector | None = Field(None, description="Namespaces by label; `{}` is every namespace.")


class ApinizerConnectionSpec(ApiModel):
    """How to reach one Apinizer manager."""

    base_url: str = Field(
        min_length=1,
        max_length=2048,
        description="The manager's address, http or https, with or without a trailing `/` or `/apiops`.",
    )
    project_name: str | None = Field(
        None,
        min_length=1,
        max_length=255,
        description="Project of every JWK on this connection; without it each JWK names its own.",
    )
    auth: Auth = Field(description="How to log in; exactly one of the two ways.")
    tls: Tls | None = Field(None, description="How the manager's certificate is checked.")
    proxy_url: str | None = Field(
        None,
        min_length=1,
        max_length=2048,
        description="HTTP proxy on the way to the manager, http or https. The operator's environment is asked only "
        "where this is not set and the operator was started with `--proxy-from-environment`.",
    )
    proxy_auth_secret_ref: ProxyAuthSecretRef | None = Field(
        None, description="User name and password for the proxy, from a Secret."
    )
    connect_timeout_seconds: int = Field(5, ge=1, le=300, description="Time-out for connecting, in seconds.")
    read_timeout_seconds: int = Field(30, ge=1, le=600, description="Time-out for an answer, in seconds.")
    max_concurrent_requests: int = Field(8, ge=1, le=256, description="Requests under way at once.")
    requests_per_second: int | None = Field(
        None, ge=1, le=10_000, description="Requests a second; default is no limit."
    )
    burst: int | None = Field(
        None, ge=1, le=10_000, description="Requests that may exceed `requestsPerSecond` at once."
    )
    resync_interval: Duration = Field(
        timedelta(minutes=10),
        description="How often a project is listed to find drift, e.g. `10m`; `0s` is never.",
        json_schema_extra={"default": "10m"},
    )
    read_only: bool = Field(
        False, description="Plan only: nothing is written remotely, the status says what would be done."
    )


class ClusterApinizerConnectionSpec(ApinizerConnectionSpec):
    """How to reach one Apinizer manager, for several namespaces."""

    allowed_namespaces: AllowedNamespaces = Field(
        description="Who may use this connection; names, a selector, or both."
    )


class ConnectionEnvironment(ApiModel):
    """An environment of the project, as Apinizer lists it."""

    name: str = Field(description="Name of the environment.")
    type: str | None = Field(None, description="Type of the environment.")
    status: str | None = Field(None, description="PUBLISHED, UNPUBLISHED or REPUBLISH_REQUIRED.")


class ConnectionCondition(ApiModel):
    """A condition as in metav1.Condition."""

    type: Literal["Ready", "Reconciling", "Stalled"] = Field(description="Type of the condition.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether the condition holds.")
    observed_generation: int | None = Field(None, description="Generation of the spec that this condition speaks of.")
    last_transition_time: datetime = Field(description="When `status` last changed.")
    reason: str = Field(max_length=1024, description="Why, in one word of a closed set.")
    message: str = Field(max_length=32768, description="Why, in a sentence for people.")


class CircuitStatus(ApiModel):
    """State of the circuit breaker."""

    state: Literal["Closed", "Open", "HalfOpen"] = Field(
        description="Closed lets calls pass, Open lets only probes pass."
    )
    since: datetime | None = Field(None, description="Since when.")


class ApinizerConnectionStatus(ApiModel):
    """Status of a connection."""

    observed_generation: int = Field(
        -1, description="Generation of the spec that this status speaks of; -1 before the first look."
    )
    last_handled_reconcile_at: str | None = Field(
        None, description="Value of the annotation apiops.apinizer.com/reconcile-requested-at that was last acted on."
    )
    conditions: list[ConnectionCondition] | None = Field(
        None,
        max_length=8,
        description="Ready, and Reconciling or Stalled when True.",
        json_schema_extra=list_map("type"),
    )
    environments: list[ConnectionEnvironment] | None = Field(
        None, max_length=256, description="Environments of the project.", json_schema_extra=list_map("name")
    )
    token_expires_at: datetime | None = Field(None, description="When the token in use ends, where that is known.")
    last_probe_time: datetime | None = Field(
        None,
        description="When a probe last found something new here; later probes that found the same show in the metrics, "
        "and here every six hours.",
    )
    jwks: int | None = Field(None, ge=0, description="How many JWKs use this connection.")
    circuit: CircuitStatus | None = Field(None, description="State of the circuit breaker.")
