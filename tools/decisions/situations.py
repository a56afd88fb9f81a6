"""The situations of the table: each state of a resource, and what may be the case in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from decisions.facts import (
    ELSEWHERE,
    KEY,
    LATER,
    TARGET,
    a_spec,
    an_entry,
    claimed,
    created,
    facts,
    new,
    outcomes,
    owned,
    problem,
    replacing,
)
from jwk_operator.api.names import Phase, visible_digest
from jwk_operator.api.reasons import Reason
from jwk_operator.apinizer.answers import Answer, Verdict
from jwk_operator.reconcile.conclude import call_problem
from jwk_operator.reconcile.state import Cause, Facts

Situation = tuple[str, Facts]

_ADOPT: dict[str, Any] = {"adoptionPolicy": "IfMatching"}
_REPLACE: dict[str, Any] = {"updatePolicy": "Replace"}
_BARE: dict[str, Any] = {"sourceType": "CERTIFICATE", "url": None, **_ADOPT}
_LINKED, _PASTED, _SECRET = a_spec(), a_spec("pasted"), a_spec("secret")
_FAILED = outcomes(production=False)
_SHOWN = {TARGET.name: an_entry(_LINKED)}
_THEIRS = {TARGET.name: an_entry(_LINKED, kid="theirs")}


def _shown(source: str = "linked", **differs: str | None) -> dict[str, Any]:
    return {"shows": {TARGET.name: an_entry(a_spec(source), **differs)}}


ANY: list[Situation] = [
    ("`spec.suspend` is true", owned(spec={"suspend": True})),
    ("the spec cannot be read", facts(None)),
    ("settled, and nothing is new", owned()),
    ("settled, its Secret or connection has changed", owned(cause=Cause.DEPENDENCY)),
    ("a next attempt is due later", owned(reason=Reason.UNREACHABLE, status={"next_attempt_at": LATER})),
    ("stalled, and nothing is new", new(reason=Reason.NAME_CONFLICT)),
    ("stalled, and the resync interval has passed", new(reason=Reason.NAME_CONFLICT, cause=Cause.CHECKUP)),
    ("rejected, and the resync interval has passed", new(reason=Reason.REJECTED, cause=Cause.CHECKUP)),
    *(
        (f"the connection cannot be used: {reason}", new(target=None, problem=problem(reason)))
        for reason in (Reason.CONNECTION_NOT_FOUND, Reason.CONNECTION_NOT_ALLOWED, Reason.PROJECT_NOT_SET)
    ),
    ("an older resource of this cluster has or wants the name", new(rival="team/older")),
]

NEW: list[Situation] = [
    ("the operator is to hold the key, and has not read it", new("pasted")),
    *(
        (f"the key cannot be used: {reason}", new("pasted", key=problem(reason)))
        for reason in (Reason.INVALID_KEY, Reason.SECRET_NOT_FOUND, Reason.SECRET_KEY_NOT_FOUND)
    ),
    ("the list was not read", new()),
    *(
        (f"the list is not to be had: {found.reason}", new(listed=found))
        for found in (
            call_problem(Answer(verdict, "Why"), TARGET.project, "Secret")
            for verdict in (
                Verdict.UNREACHABLE,
                Verdict.SERVER_ERROR,
                Verdict.RATE_LIMITED,
                Verdict.UNAUTHORIZED,
                Verdict.FORBIDDEN,
                Verdict.PROJECT_MISSING,
            )
        )
    ),
    ("the name is free", new(shows={})),
    ("the name is free, and the spec leaves out what a create call needs", new(spec=_BARE, shows={})),
    ("the name is taken, `adoptionPolicy: Never`", new(shows=_SHOWN)),
    ("the name is taken, `IfMatching`, all that the list shows matches", new(spec=_ADOPT, shows=_SHOWN)),
    ("the name is taken, `IfMatching`, something differs", new(spec={**_ADOPT, "kid": "k2"}, shows=_SHOWN)),
]

_TAKEN_OVER: dict[str, Any] = {"visible": visible_digest("URL", _LINKED.url, "", "EC", "k1"), "adopts": True}

CLAIMED: list[Situation] = [
    ("the list was not read", claimed()),
    ("absent", claimed(shows={})),
    ("absent, and the spec was edited since", claimed(before={"description": "old"}, shows={})),
    ("present as it was sent, linked to a source", claimed(shows=_SHOWN)),
    ("present as it was sent, not linked", claimed("pasted", key=KEY, **_shown("pasted"))),
    (
        "present as it was sent, and its source was edited since, `Immutable`",
        claimed(before={"url": "https://old"}, **_shown(source_url="https://old")),
    ),
    (
        "present as it was sent, and its source was edited since, `Replace`",
        claimed(spec=_REPLACE, before={"url": "https://old"}, **_shown(source_url="https://old")),
    ),
    ("present, but not as it was sent", claimed(**_shown(description="theirs"))),
    ("to be taken over, present as it was", claimed(spec=_ADOPT, claim=_TAKEN_OVER, shows=_SHOWN)),
    (
        "to be taken over, gone, and the spec leaves out what a create call needs",
        claimed(spec=_BARE, claim={"adopts": True, "source": ""}, shows={}),
    ),
]

_CHECKUP: dict[str, Any] = {"cause": Cause.CHECKUP}
_EDITED: dict[str, Any] = {"edited": True}
_OTHER_SOURCE: dict[str, Any] = {"source_digest": "old"}
_NEVER: dict[str, Any] = {"redeployPolicy": "Never"}
_OTHER_KEY = replace(KEY, digest="another")

OWNED: list[Situation] = [
    ("the resync interval has passed", owned(**_CHECKUP)),
    ("as it was", owned(**_CHECKUP, shows=_SHOWN)),
    ("the list is not to be had", owned(**_CHECKUP, listed=problem(Reason.UNREACHABLE))),
    ("missing", owned(**_CHECKUP, shows={})),
    ("another type or kid", owned(**_CHECKUP, shows=_THEIRS)),
    ("another source, and no update call of ours", owned(**_CHECKUP, **_shown(source_type="KEYSTORE"))),
    (
        "another source, after an update call of ours",
        owned(remote={"source_detached": True}, **_CHECKUP, **_shown(source_type="COPY_PASTE")),
    ),
    (
        "the description was changed by others, not linked",
        owned("pasted", **_CHECKUP, spec={"description": "ours"}, **_shown("pasted", description="theirs")),
    ),
    (
        "the description was changed by others, linked",
        owned(**_CHECKUP, spec={"description": "ours"}, **_shown(description="theirs")),
    ),
    ("the description is left to others, and they changed it", owned(**_CHECKUP, **_shown(description="theirs"))),
    ("the description was edited", owned(**_EDITED, spec={"description": "new"}, remote={"description": ""})),
    (
        "the description was edited, and the list shows the JWK",
        owned(**_EDITED, spec={"description": "new"}, remote={"description": ""}, shows=_SHOWN),
    ),
    ("the source was edited, `Immutable`", owned(**_EDITED, remote=_OTHER_SOURCE, shows=_SHOWN)),
    (
        "the source was edited, `Replace`",
        owned(**_EDITED, spec=_REPLACE, remote=_OTHER_SOURCE, shows=_SHOWN),
    ),
    ("the Secret with the key has changed", owned("secret", cause=Cause.DEPENDENCY, secret_news=True)),
    (
        "the Secret with the key is gone",
        owned("secret", cause=Cause.DEPENDENCY, secret_news=True, key=problem(Reason.SECRET_NOT_FOUND)),
    ),
    ("the Secret holds the same key", owned("secret", cause=Cause.DEPENDENCY, secret_news=True, key=KEY)),
    (
        "the Secret holds another key, `Immutable`",
        owned("secret", cause=Cause.DEPENDENCY, secret_news=True, key=_OTHER_KEY),
    ),
    (
        "the Secret holds another key, `Replace`",
        owned("secret", spec=_REPLACE, cause=Cause.DEPENDENCY, key=_OTHER_KEY, **_shown("secret")),
    ),
    ("an environment failed, `Auto`, linked", owned(**_EDITED, deployment=_FAILED)),
    ("an environment failed, `Auto`, not linked", owned("pasted", **_EDITED, deployment=_FAILED, **_shown("pasted"))),
    (
        "an environment failed, `Never`",
        owned("pasted", **_EDITED, spec=_NEVER, deployment=_FAILED),
    ),
    (
        "an environment failed, `Always`",
        owned(**_EDITED, spec={"redeployPolicy": "Always"}, deployment=_FAILED, shows=_SHOWN),
    ),
    ("a failed environment is not required", owned(**_EDITED, spec={"requiredEnvironments": []}, deployment=_FAILED)),
    ("taken over, and nothing was written since", owned(**_EDITED, remote={"adopted": True}, deployment=None)),
    ("connection and spec name another project", owned(**_EDITED, target=ELSEWHERE)),
    (
        "the connection has another address, where the list shows the JWK",
        owned(**_EDITED, claim={"address": "old"}, address="https://new", shows=_SHOWN),
    ),
    (
        "the connection has another address, where somebody else has the name",
        owned(**_EDITED, claim={"address": "old"}, address="https://new", shows=_THEIRS),
    ),
]

_RENAMING, _CREATING, _RETURNING = Phase.RENAMING, Phase.CREATING, Phase.RETURNING

REPLACEMENT: list[Situation] = [
    ("to be renamed; the old JWK has the name", replacing(_RENAMING, "the old")),
    (
        "to be renamed; the spec has come back to the old source",
        replacing(_RENAMING, "the old", spec=a_spec(url="https://old.example", updatePolicy="Replace")),
    ),
    ("to be renamed; the old JWK is aside", replacing(_RENAMING, "", "the old")),
    ("to be created; the old JWK is aside", replacing(_CREATING, "", "the old")),
    (
        "to be created; the spec has come back to the old source",
        replacing(_CREATING, "", "the old", spec=a_spec(url="https://old.example", updatePolicy="Replace")),
    ),
    ("to be created; the new JWK has the name, though no answer told", replacing(_CREATING, "the new", "the old")),
    ("to be created; somebody else has the name", replacing(_CREATING, "somebody's", "the old")),
    ("to be created; both names are free", replacing(_CREATING)),
    ("to be given back; the old JWK is aside", replacing(_RETURNING, "", "the old")),
    ("to be given back; the old JWK has the name", replacing(_RETURNING, "the old")),
    ("created; the old JWK is to go", created()),
    ("created; the old JWK is gone", created(aside="")),
    ("created; somebody deleted the new JWK", created(name="")),
    ("created; the old JWK stays for now", created(LATER)),
    ("created; the old JWK stays for now, the resync interval has passed", created(LATER, **_CHECKUP)),
]

_GOING: dict[str, Any] = {"deleting": True}

DELETION: list[Situation] = [
    ("`deletionPolicy: Retain`", owned(**_GOING, spec={"deletionPolicy": "Retain"})),
    ("`spec.suspend` is true", owned(**_GOING, spec={"suspend": True})),
    ("a next attempt is due later", owned(**_GOING, reason=Reason.DELETING, status={"next_attempt_at": LATER})),
    ("blocked, and nothing is new", owned(**_GOING, reason=Reason.DELETION_BLOCKED)),
    (
        "the connection is gone, and was never used",
        owned(**_GOING, target=None, problem=problem(Reason.CONNECTION_NOT_FOUND)),
    ),
    ("the Secret is gone, and was never read", owned(**_GOING, client=problem(Reason.SECRET_NOT_FOUND))),
    ("the list is not to be had", owned(**_GOING, listed=problem(Reason.UNREACHABLE))),
    ("the list was not read", owned(**_GOING)),
    ("present", owned(**_GOING, shows=_SHOWN)),
    ("absent", owned(**_GOING, shows={})),
    ("somebody else has the name", owned(**_GOING, shows=_THEIRS)),
    ("environments failed to undeploy", owned(**_GOING, reason=Reason.DELETING)),
    ("claimed, present as it was sent", claimed(**_GOING, shows=_SHOWN)),
    ("claimed, present, but not as it was sent", claimed(**_GOING, **_shown(description="theirs"))),
    ("claimed, absent", claimed(**_GOING, shows={})),
    ("replacement under way, the new JWK has the name", replacing(_CREATING, "the new", "the old", **_GOING)),
    ("replacement under way, the old JWK is aside", replacing(_CREATING, "", "the old", **_GOING)),
    ("replacement under way, neither is there any longer", replacing(_CREATING, **_GOING)),
]

_READING: dict[str, Any] = {"read_only": True}

READ_ONLY: list[Situation] = [
    ("new; the name is free", new(shows={}, **_READING)),
    ("new; to be taken over", new(spec=_ADOPT, shows=_SHOWN, **_READING)),
    ("owned; nothing to do", owned(cause=Cause.DEPENDENCY, **_READING)),
    (
        "owned; the description was edited",
        owned(**_EDITED, spec={"description": "new"}, remote={"description": ""}, shows=_SHOWN, **_READING),
    ),
    ("owned; missing", owned(**_CHECKUP, shows={}, **_READING)),
    (
        "owned; to be replaced",
        owned(**_EDITED, spec=_REPLACE, remote=_OTHER_SOURCE, shows=_SHOWN, **_READING),
    ),
    ("being deleted; present", owned(**_GOING, shows=_SHOWN, **_READING)),
    ("being deleted; absent", owned(**_GOING, shows={}, **_READING)),
]

STATES: dict[str, list[Situation]] = {
    "Any that lives": ANY,
    "New: nothing is claimed": NEW,
    "Claimed: a create call may have been sent": CLAIMED,
    "Owned: the status tells of the remote JWK": OWNED,
    "Replacement: recorded and under way": REPLACEMENT,
    "Being deleted": DELETION,
    "On a read-only connection": READ_ONLY,
}
