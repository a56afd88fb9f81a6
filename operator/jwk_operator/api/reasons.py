"""The closed set of reasons that conditions of a JWK carry, and what kstatus makes of each."""

from __future__ import annotations

from enum import StrEnum


class Waiting(StrEnum):
    """For whom a resource that is not settled waits, after kstatus."""

    NOBODY = "Nobody"
    USER = "Stalled"
    OPERATOR = "Reconciling"


class Reason(StrEnum):
    """Why a condition has its status (Kubernetes API conventions: CamelCase, one word)."""

    DEPLOYED = "Deployed"
    ADOPTED = "Adopted"
    CREATING = "Creating"
    UPDATING = "Updating"
    REPLACING = "Replacing"
    DELETING = "Deleting"
    SUSPENDED = "Suspended"
    READ_ONLY = "ReadOnly"

    INVALID_SPEC = "InvalidSpec"
    INVALID_KEY = "InvalidKey"
    CONNECTION_NOT_FOUND = "ConnectionNotFound"
    CONNECTION_NOT_ALLOWED = "ConnectionNotAllowed"
    PROJECT_NOT_SET = "ProjectNotSet"
    PROJECT_NOT_FOUND = "ProjectNotFound"
    SECRET_NOT_FOUND = "SecretNotFound"
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound"
    UNAUTHORIZED = "Unauthorized"
    FORBIDDEN = "Forbidden"
    NAME_CONFLICT = "NameConflict"
    REJECTED = "Rejected"
    REPLACEMENT_REQUIRED = "ReplacementRequired"
    DEPLOYMENT_FAILED = "DeploymentFailed"
    DELETION_BLOCKED = "DeletionBlocked"

    UNREACHABLE = "Unreachable"
    SERVER_ERROR = "ServerError"
    RATE_LIMITED = "RateLimited"
    CIRCUIT_OPEN = "CircuitOpen"
    DEPLOYMENT_INCOMPLETE = "DeploymentIncomplete"
    DRIFTED = "Drifted"
    MISSING_REMOTELY = "MissingRemotely"

    @property
    def waiting(self) -> Waiting:
        """Who has to act before a resource with this reason can become Ready."""
        if self in _SETTLED:
            return Waiting.NOBODY
        if self in _STALLED:
            return Waiting.USER
        return Waiting.OPERATOR


_SETTLED = frozenset({Reason.DEPLOYED, Reason.ADOPTED, Reason.SUSPENDED, Reason.READ_ONLY})
_STALLED = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.INVALID_KEY,
        Reason.CONNECTION_NOT_FOUND,
        Reason.CONNECTION_NOT_ALLOWED,
        Reason.PROJECT_NOT_SET,
        Reason.PROJECT_NOT_FOUND,
        Reason.SECRET_NOT_FOUND,
        Reason.SECRET_KEY_NOT_FOUND,
        Reason.UNAUTHORIZED,
        Reason.FORBIDDEN,
        Reason.NAME_CONFLICT,
        Reason.REJECTED,
        Reason.REPLACEMENT_REQUIRED,
        Reason.DEPLOYMENT_FAILED,
        Reason.DELETION_BLOCKED,
    }
)
