"""What a plan says: one row for each JWK, with what would be done about it and why. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from jwk_operator.api.jwk import SourceType
from jwk_operator.api.names import RemoteName
from jwk_operator.api.reasons import Reason, Waiting
from jwk_operator.api.resource import Resource
from jwk_operator.kube.jwks import claim_of, read
from jwk_operator.planning.planner import Outcome
from jwk_operator.planning.remote import RemoteCall
from jwk_operator.planning.stage import Refusal

_LONGEST_TEXT = 60


class Action(StrEnum):
    """What would be done about a JWK."""

    CREATE = "create"
    UPDATE = "update"
    REDEPLOY = "redeploy"
    REPLACE = "replace"
    ADOPT = "adopt"
    DELETE = "delete"
    RELEASE = "release"
    """It is let go; nothing is done to what is in Apinizer."""
    CONFLICT = "conflict"
    REFUSED = "refused"
    """The API server would refuse the manifest."""
    BLOCKED = "blocked"
    """It waits for somebody, or is tried again."""
    NOTHING = "nothing"


CHANGING = frozenset(
    {Action.CREATE, Action.UPDATE, Action.REDEPLOY, Action.REPLACE, Action.ADOPT, Action.DELETE},
)
"""What changes something in Apinizer, or whose a JWK is there."""
TROUBLED = frozenset({Action.CONFLICT, Action.REFUSED, Action.BLOCKED})


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a plan. `reason` is that of the Ready condition as it would be in the end."""

    action: Action
    kind: str
    namespace: str
    name: str
    remote: RemoteName | None = None
    connection: str = ""
    calls: tuple[RemoteCall, ...] = ()
    reason: str = ""
    message: str = ""

    @property
    def resource(self) -> str:
        """What the row is about, in a word: of what is no JWK, the kind is said."""
        named = "/".join(filter(None, (self.namespace, self.name)))
        return named if self.kind == "JWK" else f"{self.kind} {named}"

    @property
    def shown_remote(self) -> str:
        """The remote JWK in a word."""
        return f"{self.remote.project}/{self.remote.name}" if self.remote else ""

    @property
    def why(self) -> str:
        """Reason and message in one line."""
        settled = self.action in CHANGING or self.action in (Action.RELEASE, Action.REFUSED)
        return self.message if settled or not self.reason else f"{self.reason}: {self.message}"


def rows_of(outcomes: Iterable[Outcome], refusals: Iterable[Refusal] = ()) -> list[Row]:
    """Return the rows of a plan, sorted."""
    refused = {(refusal.kind, *refusal.key): refusal.message for refusal in refusals}
    rows = [_row(outcome, refused.pop(("JWK", *outcome.key), None)) for outcome in outcomes]
    rows += [Row(Action.REFUSED, *what, message=_one_line(message)) for what, message in refused.items()]
    return sorted(rows, key=lambda row: (row.kind != "JWK", row.kind, row.namespace, row.name))


_SAID = (
    (Action.CREATE, "to create"),
    (Action.UPDATE, "to update"),
    (Action.REDEPLOY, "to deploy again"),
    (Action.REPLACE, "to replace"),
    (Action.ADOPT, "to adopt"),
    (Action.DELETE, "to delete"),
    (Action.RELEASE, "to release"),
    (Action.CONFLICT, "conflict"),
    (Action.REFUSED, "refused"),
    (Action.BLOCKED, "blocked"),
    (Action.NOTHING, "unchanged"),
)


def summary_of(rows: Sequence[Row]) -> str:
    """Return the plan in one sentence, and in another that it comes to nothing, where it does."""
    counts = Counter(row.action for row in rows)
    parts = [
        f"{counts[action]} {said}{'s' if action is Action.CONFLICT and counts[action] > 1 else ''}"
        for action, said in _SAID
        if counts[action]
    ]
    idle = " Nothing to do in Apinizer." if parts and exit_status_of(rows) == 0 else ""
    return f"Plan: {', '.join(parts) or 'nothing to look at'}.{idle}"


def changes(rows: Iterable[Row]) -> bool:
    """Whether a call would be made that changes something in Apinizer. Taking a JWK over takes none."""
    return any(row.calls for row in rows)


def exit_status_of(rows: Sequence[Row]) -> int:
    """Return 2 when something would change in Apinizer, else 1 when something cannot go on, else 0."""
    if changes(rows):
        return 2
    return 1 if any(row.action in TROUBLED for row in rows) else 0


def _row(outcome: Outcome, refused: str | None) -> Row:
    before = read(outcome.before)
    after = read(outcome.after) if outcome.after is not None else None
    action = _action(outcome, before, after)
    reason, message = _told(after, outcome)
    words = _words(action, outcome, before)
    if action not in CHANGING and action is not Action.RELEASE:
        words = [message]
    elif after is not None and after.reason is not None and after.reason.waiting is not Waiting.NOBODY:
        words.append(f"Then {reason}: {message}")
    if refused is not None:
        as_it_is = [f"As it is, the operator would {action} it:", *words] if outcome.calls else []
        action, reason, words = Action.REFUSED, "", [refused, *as_it_is]
    if outcome.due is not None:
        words.append(f"Its next attempt is due at {outcome.due.strftime('%Y-%m-%dT%H:%M:%SZ')}.")
    return Row(
        action=action,
        kind="JWK",
        namespace=before.namespace,
        name=before.name,
        remote=outcome.remote,
        connection=outcome.connection,
        calls=outcome.calls,
        reason=reason,
        message=_one_line(" ".join(words)),
    )


def _action(outcome: Outcome, before: Resource, after: Resource | None) -> Action:
    if before.deleting or after is None:
        return _of_deletion(outcome, after)
    if _adopts(outcome):
        return Action.ADOPT
    if outcome.calls:
        return _of_calls(outcome.calls)
    if after.reason is Reason.NAME_CONFLICT:
        return Action.CONFLICT
    waits = after.reason is not None and after.reason.waiting is not Waiting.NOBODY
    return Action.BLOCKED if waits or outcome.problem is not None else Action.NOTHING


def _of_deletion(outcome: Outcome, after: Resource | None) -> Action:
    if outcome.calls:
        return Action.DELETE
    return Action.RELEASE if after is None else Action.BLOCKED


def _adopts(outcome: Outcome) -> bool:
    before, after = claim_of(outcome.before), claim_of(outcome.after) if outcome.after is not None else None
    return before is None and after is not None and after.adopts


def _of_calls(calls: tuple[RemoteCall, ...]) -> Action:
    methods = [call.method for call in calls]
    if "DELETE" in methods or any(call.renames for call in calls):
        return Action.REPLACE
    if "POST" in methods:
        return Action.CREATE
    described = any(call.before != call.body.get("description") for call in calls)
    return Action.UPDATE if described else Action.REDEPLOY


def _told(after: Resource | None, outcome: Outcome) -> tuple[str, str]:
    """Return reason and message that the JWK ends with; of one that is settled and could not be looked at, why."""
    if after is None:
        return "", ""
    settled = after.reason is None or after.reason.waiting is Waiting.NOBODY
    if settled and outcome.problem is not None and not outcome.calls:
        return outcome.problem.reason.value, outcome.problem.message
    ready = next((item for item in after.status.conditions or () if item.type == "Ready"), None)
    return (ready.reason.value, ready.message) if ready else ("", "")


# --- words --------------------------------------------------------------------------------------------------------

_TOLD_OTHERWISE = frozenset({"Adopted", "Replaced", "SourceDetached"})


def _words(action: Action, outcome: Outcome, before: Resource) -> list[str]:
    """Say what would be done and why, in sentences."""
    words = [message for reason, message in outcome.news if reason not in _TOLD_OTHERWISE]
    match action:
        case Action.CREATE:
            words.append(_source(before))
        case Action.UPDATE:
            words += [_description(call) for call in outcome.calls if call.method == "PUT"]
        case Action.REDEPLOY:
            words.append(_ready_message(before))
        case Action.REPLACE:
            words += _replacement(outcome)
        case Action.ADOPT:
            words.append("The JWK exists and is taken over.")
        case Action.DELETE:
            words.append("It is undeployed everywhere and deleted, which cannot be undone.")
        case Action.RELEASE if not words:
            words.append(_release(before))
    if any(reason == "SourceDetached" for reason, _message in outcome.news):
        words.append("The update cuts the link to its source, so that Apinizer no longer follows changes of that.")
    return [word for word in words if word]


def _source(before: Resource) -> str:
    if before.spec is None:
        return ""
    if before.spec.source_type is SourceType.GENERATE:
        return "Apinizer makes the key."
    return f"Made from {before.spec.source_type.value}."


def _description(call: RemoteCall) -> str:
    return f"The description {_quoted(call.before or '')} becomes {_quoted(call.body.get('description', ''))}."


def _quoted(text: str) -> str:
    short = text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
    return json.dumps(short, ensure_ascii=False)


def _ready_message(before: Resource) -> str:
    return next((item.message for item in before.status.conditions or () if item.type == "Ready"), "")


def _replacement(outcome: Outcome) -> list[str]:
    aside = next((call.body["name"] for call in outcome.calls if call.renames), None)
    after = read(outcome.after).status.replacement if outcome.after is not None else None
    words = [f"The old JWK is renamed to {_quoted(aside)} until the new one is there."] if aside else []
    if after is not None and after.keep_old_until is not None:
        words.append("It stays for spec.replacement.keepOldFor.")
    if not aside and any(call.method == "DELETE" for call in outcome.calls):
        words.append("The old JWK of a replacement goes.")
    return words


def _release(before: Resource) -> str:
    if before.claim is None:
        return "It has nothing in Apinizer."
    if before.retain:
        return "The JWK stays in Apinizer, as spec.deletionPolicy is Retain."
    return "There is nothing of it left in Apinizer."


def _one_line(text: str) -> str:
    return " ".join(text.split())
