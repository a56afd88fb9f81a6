"""The closed set of reasons that conditions of a JWK carry, and what kstatus makes of each."""

from __future__ import annotations

from dataclasses import dataclass
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


BY_CONNECTION = frozenset(
    {
        Reason.CIRCUIT_OPEN,
        Reason.UNREACHABLE,
        Reason.SERVER_ERROR,
        Reason.RATE_LIMITED,
        Reason.UNAUTHORIZED,
        Reason.DELETION_BLOCKED,
    }
)
"""Reasons that may be over once the connection of a JWK works again."""


class ConnectionReason(StrEnum):
    """Why the Ready condition of a connection has its status."""

    CONNECTED = "Connected"
    NOT_PROBED = "NotProbed"

    INVALID_SPEC = "InvalidSpec"
    SECRET_NOT_FOUND = "SecretNotFound"
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound"
    UNAUTHORIZED = "Unauthorized"
    FORBIDDEN = "Forbidden"
    PROJECT_NOT_FOUND = "ProjectNotFound"

    UNREACHABLE = "Unreachable"
    SERVER_ERROR = "ServerError"
    RATE_LIMITED = "RateLimited"
    CIRCUIT_OPEN = "CircuitOpen"


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


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a reason means, and what a person does about it."""

    meaning: str
    remedy: str


EXPLANATIONS: dict[Reason, Explanation] = {
    Reason.DEPLOYED: Explanation(
        "The remote JWK is as the spec says and every required environment has it.",
        "Nothing to do.",
    ),
    Reason.ADOPTED: Explanation(
        "A JWK that existed in Apinizer matches the spec and now belongs to this resource.",
        "Nothing to do.",
    ),
    Reason.CREATING: Explanation(
        "The JWK is being created in Apinizer.",
        "Wait.",
    ),
    Reason.UPDATING: Explanation(
        "The JWK in Apinizer is being changed to what the spec says.",
        "Wait.",
    ),
    Reason.REPLACING: Explanation(
        "A new JWK is taking the place of the old one.",
        "Wait; status.replacement shows how far it has come.",
    ),
    Reason.DELETING: Explanation(
        "The JWK is being removed from Apinizer.",
        "Wait.",
    ),
    Reason.SUSPENDED: Explanation(
        "spec.suspend is true, so nothing is changed in Apinizer.",
        "Set spec.suspend to false to go on.",
    ),
    Reason.READ_ONLY: Explanation(
        "The connection is read-only: the message says what would be done.",
        "Set spec.readOnly of the connection to false to have it done.",
    ),
    Reason.INVALID_SPEC: Explanation(
        "The spec cannot be carried out as it stands.",
        "Correct the field that the message names.",
    ),
    Reason.INVALID_KEY: Explanation(
        "The JWK string is not a usable JWK or JWK Set.",
        "Correct spec.jwkStr, or the Secret behind spec.jwkStrFrom.",
    ),
    Reason.CONNECTION_NOT_FOUND: Explanation(
        "The connection that spec.connectionRef names does not exist.",
        "Create it, or create this JWK anew with another connection.",
    ),
    Reason.CONNECTION_NOT_ALLOWED: Explanation(
        "The cluster-wide connection does not allow this namespace.",
        "Add the namespace to spec.allowedNamespaces of the connection.",
    ),
    Reason.PROJECT_NOT_SET: Explanation(
        "Neither the connection nor the JWK names a project.",
        "Set spec.projectName of the connection, or create this JWK anew with spec.projectName.",
    ),
    Reason.PROJECT_NOT_FOUND: Explanation(
        "Apinizer has no such project, or its account may not see it.",
        "Correct the project name, or give the account access to the project.",
    ),
    Reason.SECRET_NOT_FOUND: Explanation(
        "A Secret that is referred to does not exist.",
        "Create the Secret that the message names.",
    ),
    Reason.SECRET_KEY_NOT_FOUND: Explanation(
        "A Secret that is referred to lacks the key.",
        "Add the key that the message names, or refer to another one.",
    ),
    Reason.UNAUTHORIZED: Explanation(
        "Apinizer does not accept the credentials.",
        "Renew the token or client credentials in the Secret of the connection.",
    ),
    Reason.FORBIDDEN: Explanation(
        "Apinizer's account lacks a permission.",
        "Give it SECRETS + MANAGE and SECRETS + DEPLOY_UNDEPLOY in the project.",
    ),
    Reason.NAME_CONFLICT: Explanation(
        "A JWK of that name exists or is claimed, and belongs to somebody else.",
        "Use another name, remove the other one, or set spec.adoptionPolicy to IfMatching to take it over.",
    ),
    Reason.REJECTED: Explanation(
        "Apinizer refused the request; the message is its own.",
        "Correct the spec; or correct what it refers to in Apinizer, and then run jwk-operator reconcile.",
    ),
    Reason.REPLACEMENT_REQUIRED: Explanation(
        "The key in the Secret changed, and spec.updatePolicy forbids to replace the remote JWK.",
        "Set spec.updatePolicy to Replace, or restore the Secret.",
    ),
    Reason.DEPLOYMENT_FAILED: Explanation(
        "An environment does not have the JWK, and repair would detach it from its source or is switched off.",
        "Repair the environment, and set spec.redeployPolicy to Always to deploy again.",
    ),
    Reason.DELETION_BLOCKED: Explanation(
        "The remote JWK cannot be deleted, as something needed for it is missing.",
        "Restore what the message names, or set spec.deletionPolicy to Retain to leave the remote JWK behind.",
    ),
    Reason.UNREACHABLE: Explanation(
        "The manager does not answer.",
        "Wait; if it lasts, check the address, network, proxy and certificates of the connection.",
    ),
    Reason.SERVER_ERROR: Explanation(
        "The manager answers with an error of its own.",
        "Wait; if it lasts, see the logs of the manager.",
    ),
    Reason.RATE_LIMITED: Explanation(
        "The manager asked for a pause.",
        "Wait; if it lasts, lower spec.requestsPerSecond of the connection.",
    ),
    Reason.CIRCUIT_OPEN: Explanation(
        "The connection failed several times in a row, so only probes are sent until one succeeds.",
        "Wait; the status of the connection says what fails.",
    ),
    Reason.DEPLOYMENT_INCOMPLETE: Explanation(
        "An environment does not have the JWK yet and is being repaired.",
        "Wait; status.deploymentResult shows the outcome for each environment.",
    ),
    Reason.DRIFTED: Explanation(
        "The JWK in Apinizer differs from what this resource made.",
        "Undo the change in Apinizer; or delete the JWK there, and it is created again.",
    ),
    Reason.MISSING_REMOTELY: Explanation(
        "The JWK is gone from Apinizer and will be created again.",
        "Wait; on a read-only connection create it by other means.",
    ),
}
