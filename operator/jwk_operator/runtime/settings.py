"""What can be set when the operator is started."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseSettings:
    """The Lease that operators of one kind compete for; `duration` is in seconds."""

    namespace: str
    name: str
    duration: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one operator process. Times are in seconds."""

    namespaces: tuple[str, ...] | None = None
    """Namespaces to serve; None is the whole cluster."""

    metrics_port: int = 0
    """TCP port of `/metrics`; 0 is none."""

    probe_port: int = 0
    """TCP port of `/healthz` and `/readyz`; 0 is none."""

    bind_address: str = "127.0.0.1"
    """Address on which both ports listen."""

    grace_period: float = 25.0
    """How long calls that are under way may take to end after SIGTERM."""

    workers: int = 64
    """Resources worked on at once; half of them at most are of one connection, so that a slow one leaves room. Each
    connection's own budget limits the calls to its manager."""

    proxy_from_environment: bool = False
    """Whether connections without `spec.proxyUrl` use the proxy that the process's environment names."""

    lease: LeaseSettings | None = None
    """Leader election; None is without, for a single operator."""

    sweep_interval: float = 600.0
    """How often what is remembered is compared with a list, to find deletions that no watch told of."""
