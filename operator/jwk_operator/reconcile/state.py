"""What a decision is made from (facts) and what it can be (decisions). Values only: no I/O, no clock, no chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from jwk_operator.api.names import Aside, Claim, RemoteName, address_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.api.remote import RemoteEntry
from jwk_operator.api.resource import Resource
from jwk_operator.api.status import DeploymentResult, LastOperation, RemoteStatus, ReplacementStatus
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
    of_connection: bool = False
    """Whether it is the connection's own, which tells of it in its status and in one Event for all that use it."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The project's list was read: its entries by name."""

    entries: Mapping[str, RemoteEntry]


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
    read_only: bool = False
    """Whether the connection allows reading alone."""
    secret_news: bool = False
    """Whether the Secret behind `spec.jwkStrFrom` has another version than the one that the status speaks of."""
    client: Ready | Problem | None = None
    listed: Listed | Problem | None = None
    key: KeyFacts | Problem | None = None
    environments: frozenset[str] | None = None
    """Names of the project's environments, looked up before a create call that names one; None when not known."""
    environments_asked: bool = False
    """Whether they were looked up in this pass, with or without success."""
    claimed_now: bool = False
    """Whether the claim was made in this very pass, after a list that showed the name as free."""

    @property
    def remote(self) -> RemoteName | None:
        """The remote name in question: the recorded one, else the one wished for."""
        return self.resource.claim.remote if self.resource.claim else self.target

    @property
    def entry(self) -> RemoteEntry | None:
        """The list's entry for the remote name in question; None also while no list was read."""
        return self._listed_as(self.remote.name) if self.remote else None

    @property
    def aside(self) -> Aside | None:
        """The record of a replacement that is under way."""
        return self.resource.claim.aside if self.resource.claim else None

    @property
    def aside_entry(self) -> RemoteEntry | None:
        """The list's entry for the name that an old JWK has while it is being replaced."""
        return self._listed_as(self.aside.name) if self.aside else None

    def _listed_as(self, name: str) -> RemoteEntry | None:
        return self.listed.entries.get(name) if isinstance(self.listed, Listed) else None

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
    replacement: ReplacementStatus | Keep | None = Keep.AS_IS
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
    environments: bool = False


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
    notes: tuple[Note, ...] = ()
    """Events about why, whatever the call comes to."""


@dataclass(frozen=True, slots=True)
class Rename:
    """Send the update call that gives a JWK another name and leaves its description as the list shows it."""

    target: RemoteName
    new_name: str
    description: str


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


@dataclass(frozen=True, slots=True)
class Amend:
    """Write the claim as it is to stand from now on, and report."""

    claim: Claim
    report: Report


Call = Create | Update | Rename | Delete
Decision = Rest | Look | MakeClaim | Call | LetGo | Disclaim | Amend | Report


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What follows from the answer to a call."""

    report: Report | None = None
    claim: Claim | None = None
    """The claim as it is to stand from now on, written before the status; None leaves it as it is."""
    disclaim: bool = False
    let_go: bool = False
    notes: tuple[Note, ...] = field(default=())
