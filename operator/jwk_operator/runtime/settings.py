"""What can be set when the operator is started."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jwk_operator.api.connection import LabelSelector
from jwk_operator.api.selector import parse_selector, selects


@dataclass(frozen=True, slots=True)
class Shard:
    """Part of the JWKs, selected by their labels. Raises ValueError for a selector that cannot be read."""

    text: str
    """The selector in one line, as the API server takes it."""

    @property
    def selector(self) -> LabelSelector:
        """The selector as it can be asked."""
        return parse_selector(self.text)

    @property
    def name(self) -> str:
        """Tells shards apart in names of finalizers and Leases; the same for selectors that differ in blanks alone."""
        requirements = self.selector.match_expressions or ()
        parts = sorted(item.model_dump_json(exclude_none=True) for item in requirements)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]

    def has(self, labels: dict[str, str]) -> bool:
        """Whether an object with these labels belongs to this shard."""
        return selects(self.selector, labels)


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

    shard: Shard | None = None
    """Which JWKs of these namespaces to serve; None is all."""

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

    def serves(self, raw: Mapping[str, Any]) -> bool:
        """Whether an object belongs to this shard, by its labels; without shards every one does."""
        return self.shard is None or self.shard.has(raw["metadata"].get("labels") or {})
