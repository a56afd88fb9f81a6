"""What a decision is made from (facts) and what it can be (decisions). Values only: no I/O, no clock, no chance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from jwk_operator.api.names import Claim, RemoteName, address_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import DeploymentResult, LastOperation, RemoteStatus
from jwk_operator.reconcile.keymaterial import KeyFacts


class Cause(Enum):
    """Why a resource is looked at."""

    EVENT = auto()
    """It changed, or seems to have changed."""
    TIMER = auto()
    """A delay of its own is over."""
    CHECKUP = auto()
    """The resync interval of its connection has passed."""
    START = auto()
    """The operator has just started."""
    DEPENDENCY = auto()
    """Its connection, a Secret, a rival or its namespace changed."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something cannot be done now. `retry_after` is in seconds, when the other side said so."""

    reason: Reason
    message: str
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """The entry of the project's list for the name in question."""

    description: str
    source_type: str
    source_url: str | None
    type: str | None
    kid: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """The project's list was read: the entry, or None when the name is free."""

    entry: RemoteEntry | None


@dataclass(frozen=True, slots=True)
class Ready:
    """Calls can be made. `credential` names the Secret in use, for messages."""

    credential: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that one decision rests on. A None in `client`, `listed` or `key` means: not looked at yet."""

    resource: Resource
    now: datetime
    jitter: float
    """A number in [0, 1) that spreads delays."""
    cause: Cause
    target: RemoteName | None = None
    """What the spec and the connection name."""
    address: str | None = None
    """The manager's address that the connection names now."""
    problem: Problem | None = None
    """Of the connection or the project's name."""
    rival: str | None = None
    """`NAMESPACE/NAME` of another resource of this cluster that the remote name belongs to."""
    client: Ready | Problem | None = None
    listed: Listed | Problem | None = None
    key: KeyFacts | Problem | None = None
    claimed_now: bool = False
    """Whether the claim was made in this very pass, after a list that showed the name as free."""

    @property
    def remote(self) -> RemoteName | None:
        """The remote name in question: the recorded one, else the one wished for."""
        return self.resource.claim.remote if self.resource.claim else self.target

    @property
    def moved(self) -> bool:
        """Whether the connection names another address than the one that the claim was made at."""
        claim = self.resource.claim
        known = claim is not None and bool(claim.address) and self.address is not None
        return known and claim is not None and claim.address != address_digest(self.address or "")

    @property
    def requested(self) -> bool:
        """Whether somebody asked for a look by the annotation."""
        return self.resource.reconcile_requested not in (None, self.resource.status.last_handled_reconcile_at)

    @property
    def changed(self) -> bool:
        """Whether something is new that ends a wait and resets the count of failures."""
        outdated = self.resource.status.observed_generation != self.resource.generation
        return outdated or self.requested or self.cause is Cause.DEPENDENCY


class Keep(Enum):
    """Marks what a report leaves as it is."""

    AS_IS = auto()


@dataclass(frozen=True, slots=True)
class Note:
    """An Event for people: type, reason and message as in events/v1."""

    warning: bool
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the status is to say. For the three booleans None means Unknown, and Keep that the last value stays."""

    reason: Reason
    message: str
    ready: bool | Keep = False
    synced: bool | Keep = False
    deployed: bool | Keep | None = Keep.AS_IS
    remote: RemoteStatus | Keep | None = Keep.AS_IS
    deployment: DeploymentResult | Keep | None = Keep.AS_IS
    operation: LastOperation | Keep = Keep.AS_IS
    failed: bool = False
    """Counts as one more failure in a row; otherwise the count ends."""
    delay: float | None = None
    """Seconds until the next attempt; 0 is at once."""
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do and nothing to write; look again at `due`, if it is given."""

    due: datetime | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """More facts are needed first."""

    client: bool = False
    listed: bool = False
    key: bool = False


@dataclass(frozen=True, slots=True)
class MakeClaim:
    """Write finalizer and records in one patch, then decide again."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Create:
    """Send the create call."""

    target: RemoteName


@dataclass(frozen=True, slots=True)
class Update:
    """Send the update call with this description, which also deploys again."""

    target: RemoteName
    description: str
    remote: RemoteStatus
    """What is known of the remote JWK before the call."""


@dataclass(frozen=True, slots=True)
class Delete:
    """Send the delete call."""

    target: RemoteName


@dataclass(frozen=True, slots=True)
class LetGo:
    """Take finalizer and records away from a resource that is being deleted."""

    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Disclaim:
    """Give finalizer and records back, since nothing remote is this resource's, and report."""

    report: Report


Call = Create | Update | Delete
Decision = Rest | Look | MakeClaim | Call | LetGo | Disclaim | Report


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from the answer to a call."""

    report: Report | None = None
    disclaim: bool = False
    let_go: bool = False
    notes: tuple[Note, ...] = field(default=())
