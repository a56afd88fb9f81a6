"""The calls of the table, each with the facts that it is made on, and one answer for each verdict."""

from __future__ import annotations

from decisions.facts import ASIDE, LINE, TARGET, a_remote, a_spec, claimed, created, left, owned, replacing
from jwk_operator.api.names import Phase
from jwk_operator.apinizer.answers import Answer, Deployment, EnvironmentOutcome, Verdict
from jwk_operator.reconcile.state import Call, Create, Delete, Facts, Rename, Update

_REFUSED = left("RenamedAside").model_copy(update={"refusal": "Why"})

CALLS: list[tuple[str, Call, Facts]] = [
    ("create, first", Create(TARGET), claimed(client=LINE, claimed_now=True)),
    ("create, after one whose answer was lost", Create(TARGET), claimed(client=LINE)),
    ("update", Update(TARGET, "new", a_remote(a_spec())), owned(client=LINE)),
    ("rename aside", Rename(TARGET, ASIDE.name, ""), replacing(Phase.RENAMING, "the old")),
    ("create, in a replacement", Create(TARGET), replacing(Phase.CREATING, "", "the old")),
    (
        "rename back, after a refusal",
        Rename(ASIDE, TARGET.name, ""),
        replacing(Phase.RETURNING, "", "the old", replacement=_REFUSED),
    ),
    ("delete the old JWK of a replacement", Delete(ASIDE), created()),
    ("delete, with the resource", Delete(TARGET), owned(client=LINE, deleting=True)),
]

_DONE = Deployment(True, "", (EnvironmentOutcome("production", True, ""),))
_PARTLY = Deployment(False, "", (EnvironmentOutcome("production", False, ""),))

ANSWERS: list[tuple[str, Answer]] = [
    ("done", Answer(Verdict.OK, http_status=200, deployment=_DONE)),
    ("done, but not in every environment", Answer(Verdict.OK, http_status=200, deployment=_PARTLY)),
    ("the name is taken", Answer(Verdict.EXISTS, "Why", 400)),
    ("no such JWK", Answer(Verdict.MISSING, "Why", 400)),
    ("no such project", Answer(Verdict.PROJECT_MISSING, "Why", 404)),
    ("rejected", Answer(Verdict.REJECTED, "Why", 400)),
    ("unauthorized", Answer(Verdict.UNAUTHORIZED, "Why", 401)),
    ("forbidden", Answer(Verdict.FORBIDDEN, "Why", 403)),
    ("too many requests", Answer(Verdict.RATE_LIMITED, "Why", 429, retry_after=30)),
    ("server error, or not understood", Answer(Verdict.SERVER_ERROR, "Why", 500)),
    ("no complete answer", Answer(Verdict.UNREACHABLE, "Why")),
]
