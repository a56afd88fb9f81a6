"""What `jwk-operator status` shows, as values: JWKs by environments, and the connections that they use. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from jwk_operator.api.names import ConnectionKey
from jwk_operator.api.reasons import EXPLANATIONS

ENDS_SOON = timedelta(days=7)
"""How long before its end a token is something to tell of; the alert JWKTokenExpires has the same."""


class Health(StrEnum):
    """How a resource is, the worst first."""

    STALLED = "stalled"
    """It waits for a person."""
    NOT_READY = "not ready"
    """Nobody is at it: it is suspended, or its connection is read-only."""
    IN_PROGRESS = "in progress"
    """The operator is at it, tries again by itself, or has not looked yet."""
    READY = "ready"


class Delivery(StrEnum):
    """What is known of a JWK in an environment."""

    DEPLOYED = "deployed"
    FAILED = "failed"
    EXCUSED = "failed, not required"
    """It failed, and `spec.requiredEnvironments` does without it."""
    NOT_REPORTED = "not reported"
    NOT_REQUIRED = "not required"
    """No write told of it, and `spec.requiredEnvironments` does without it."""

    @property
    def failed(self) -> bool:
        """Whether the environment said no."""
        return self in (Delivery.FAILED, Delivery.EXCUSED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A JWK in an environment, as the last write reported it."""

    environment: str
    delivery: Delivery
    message: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection as it is shown."""

    key: ConnectionKey
    health: Health
    reason: str
    message: str
    remedy: str
    address: str
    project: str
    environments: tuple[str, ...]
    token_expires_at: datetime | None
    token_renewed: bool
    """Whether the operator gets a new token by itself."""
    read_only: bool
    jwks: int | None

    @property
    def title(self) -> str:
        """Name it as a person would."""
        _, namespace, name = self.key
        return f"{namespace}/{name}" if namespace else f"{name} (cluster-wide)"

    def token_ends_soon(self, now: datetime) -> bool:
        """Whether somebody has to see to the token."""
        ends = self.token_expires_at
        return ends is not None and not self.token_renewed and ends - now < ENDS_SOON

    def troubled(self, now: datetime) -> bool:
        """Whether there is something to tell of it in words."""
        return self.health is not Health.READY or self.token_ends_soon(now)


@dataclass(frozen=True, slots=True)
class Jwk:
    """A JWK as it is shown."""

    namespace: str
    name: str
    connection: ConnectionKey
    project: str
    remote_name: str
    source: str
    key_type: str
    kid: str
    description: str
    health: Health
    reason: str
    message: str
    remedy: str
    outcomes: tuple[Outcome, ...]
    reported_at: datetime | None
    last_operation: str
    next_attempt_at: datetime | None

    @property
    def title(self) -> str:
        """Namespace and name."""
        return f"{self.namespace}/{self.name}"

    @property
    def group(self) -> tuple[str, ConnectionKey, str]:
        """Where it belongs to: namespace, connection and project."""
        return self.namespace, self.connection, self.project

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Return the environments that said no."""
        return tuple(outcome for outcome in self.outcomes if outcome.delivery.failed)

    @property
    def troubled(self) -> bool:
        """Whether there is something to tell of it in words."""
        return self.health is not Health.READY or bool(self.failures)

    def outcome(self, environment: str) -> Outcome | None:
        """Return what is known of an environment; None for one that is none of this JWK's."""
        return next((outcome for outcome in self.outcomes if outcome.environment == environment), None)


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that is shown, as it was at a time. Rows are sorted by group and name."""

    time: datetime
    where: str
    """Which JWKs were asked for, in words."""
    everywhere: bool
    """Whether that is in all namespaces."""
    jwks: tuple[Jwk, ...]
    connections: tuple[Connection, ...]
    total: Counter[Health]
    """JWKs by health, those included that are not shown."""
    total_connections: Counter[Health]
    notes: tuple[str, ...] = ()
    """What could not be found out."""

    @property
    def environments(self) -> tuple[str, ...]:
        """Every environment that a JWK or a connection knows: first those of connections, in Apinizer's own order."""
        told = (name for connection in self.connections for name in connection.environments)
        reported = sorted({outcome.environment for jwk in self.jwks for outcome in jwk.outcomes})
        return tuple(dict.fromkeys([*told, *reported]))

    @property
    def fine(self) -> bool:
        """Whether every JWK that was asked for is Ready, and every connection shown with them."""
        return all(set(counts) <= {Health.READY} for counts in (self.total, self.total_connections))

    def problems(self) -> Board:
        """Return what is left without all that is Ready."""
        jwks = tuple(jwk for jwk in self.jwks if jwk.health is not Health.READY)
        return replace(self, jwks=jwks, connections=tuple(one for one in self.connections if one.troubled(self.time)))


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one JWK, or with several in the same words."""

    health: Health
    reason: str
    message: str
    remedy: str
    failures: tuple[Outcome, ...]
    names: tuple[str, ...]


def problems(board: Board) -> tuple[Problem, ...]:
    """Return what is to be told in words of the JWKs: the worst first, and the same problem once."""
    found: dict[Problem, list[str]] = {}
    for jwk in board.jwks:
        if jwk.troubled:
            same = Problem(jwk.health, jwk.reason, jwk.message, jwk.remedy, jwk.failures, ())
            found.setdefault(same, []).append(jwk.title)
    every = (replace(problem, names=tuple(names)) for problem, names in found.items())
    return tuple(sorted(every, key=lambda problem: (worst_first(problem.health), problem.names)))


def alike(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Yield outcomes that say the same as one, which names all their environments."""
    found: dict[Outcome, list[str]] = {}
    for outcome in outcomes:
        found.setdefault(replace(outcome, environment=""), []).append(outcome.environment)
    for outcome, names in found.items():
        yield replace(outcome, environment=", ".join(names))


def worst_first(health: Health) -> int:
    """Return the place of a health in a list that begins with what needs somebody."""
    return list(Health).index(health)


def counted(health: Iterable[Health]) -> Counter[Health]:
    """Count, in the order of `Health`."""
    counts = Counter(health)
    return Counter({one: counts[one] for one in Health if counts[one]})


def in_words(counts: Counter[Health]) -> str:
    """Say how many there are of each health."""
    return ", ".join(f"{number} {health}" for health, number in counts.items())


def plain(text: object) -> str:
    """Return a text of somebody else's in one line, without what would steer a terminal or turn its order around."""
    return " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())


def remedy_of(reason: str) -> str:
    """Say what a person does about a reason; empty where that is nothing."""
    known = next((text for one, text in EXPLANATIONS.items() if one.value == reason), None)
    return "" if known is None or known.remedy in ("Wait.", "Nothing to do.") else known.remedy


def jwks_by_group(board: Board) -> dict[tuple[str, ConnectionKey, str], list[Jwk]]:
    """Return the JWKs of each namespace, connection and project."""
    groups: dict[tuple[str, ConnectionKey, str], list[Jwk]] = {}
    for jwk in board.jwks:
        groups.setdefault(jwk.group, []).append(jwk)
    return groups
