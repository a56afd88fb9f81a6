"""What must hold: the claims after every move, and the truth of every status once the operator rests."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.objects import Jwk
from lifecycle.ledger import Doc
from lifecycle.specs import wished_digest, wished_source

if TYPE_CHECKING:
    from lifecycle.world import World

ASIDE = "apiops.apinizer.com/aside"
_RESTING = ("Deployed", "Adopted")


def check_claims(world: World) -> None:
    """While a remote JWK of ours exists, finalizer and records stand on its resource, unless that let it go."""
    by_uid = {jwk.metadata["uid"]: jwk for jwk in world.resources.values()}
    _note_adoptions(world)
    before = {jwk.metadata["uid"]: jwk for jwk in world.before.values()}
    for found, own in list(world.ledger.own.items()):
        jwk = by_uid.get(own.uid)
        if jwk is not None and jwk.claimed and _records(world, jwk, own.doc["name"]):
            continue
        versions = [version for version in (jwk, before.get(own.uid)) if version is not None]
        if world.overlapped and jwk is not None and jwk.claimed:
            continue  # what an operator does that was paused before its last call is found and mended later
        loose = jwk is None and any(_lets_go(version) for version in versions)
        assert loose or own.touched or own.adopted, f"nobody claims {own.doc}; {world.told()}"
        world.ledger.leave(found)


def _note_adoptions(world: World) -> None:
    """A claim that says so takes over what somebody else made, where the policy allows it."""
    for key, jwk in world.resources.items():
        if not (jwk.claimed and jwk.annotations["apiops.apinizer.com/claim"].endswith(".adopts")):
            continue
        versions = [found[key] for found in (world.resources, world.before) if key in found]
        assert any(version.spec["adoptionPolicy"] == "IfMatching" for version in versions), f"{jwk.name} adopts"
        name = jwk.spec["name"]
        for found in [found for found, doc in world.ledger.foreign.items() if doc["name"] == name]:
            world.ledger.take_over(found, jwk.metadata["uid"])


def _records(world: World, jwk: Jwk, name: str) -> bool:
    recorded = f"{quote(world.stage.project, safe='')}/{quote(name, safe='')}"
    return jwk.annotations["apiops.apinizer.com/remote"] == recorded or quote(name, safe="") in jwk.annotations.get(
        ASIDE, ""
    )


def _lets_go(jwk: Jwk) -> bool:
    return jwk.spec.get("deletionPolicy") == "Retain" or jwk.spec.get("suspend") is True


# --- the truth ------------------------------------------------------------------------------------------


def check_truth(world: World) -> None:
    """Every status says what is."""
    for jwk in world.resources.values():
        if "deletionTimestamp" in jwk.metadata:
            raise AssertionError(f"{jwk.name} does not go: {world.told()}")
        assert jwk.observed, f"{jwk.name} was not looked at: {world.told()}"
        why = _lie(world, jwk)
        assert why is None, f"{jwk.name} says {jwk.ready}, but {why}; {world.told()}"


def _lie(world: World, jwk: Jwk) -> str | None:
    """Return what is wrong with a status, or None."""
    if jwk.spec.get("suspend"):
        return None if jwk.reason == "Suspended" else "it is suspended"
    own = [own.doc for own in world.ledger.own.values() if own.uid == jwk.metadata["uid"]]
    doc = next((doc for doc in own if doc["name"] == jwk.spec["name"]), None)
    if jwk.ready.status == "True":
        return _lie_of_ready(world, jwk, doc, own)
    return _EXCUSES.get(jwk.reason, _no_excuse)(world, jwk, doc)


def _lie_of_ready(world: World, jwk: Jwk, doc: Doc | None, own: list[Doc]) -> str | None:
    if jwk.reason not in _RESTING:
        return "that is no reason to be Ready"
    if doc is None:
        return "it has no JWK"
    told = jwk.status["remote"]
    if (doc["description"] or "") != jwk.spec.get("description", doc["description"] or ""):
        return "the description is another one"
    if (told.get("description") or "") != (doc["description"] or "") and "description" in jwk.spec:
        return "the status tells of another description"
    if len(own) > 1:
        return "the JWK that it replaced is still there"
    # of a JWK that was taken over the list shows too little to tell one key from another
    wrong = None if told.get("adopted") else _wrong_key(world, jwk, doc)
    return wrong or _lie_of_environments(jwk, doc)


def _wrong_key(world: World, jwk: Jwk, doc: Doc) -> str | None:
    if not wished_source(doc, jwk.spec):
        return "its source is of another type"
    if "generate" in jwk.spec and doc["kid"] != jwk.spec["generate"]["kid"]:
        return "its key is another one"
    wished = wished_digest(jwk.spec, world.stage, world.secrets[jwk.metadata["namespace"]])
    return None if wished in (None, doc["sha256"]) else "its key is another one"


def _lie_of_environments(jwk: Jwk, doc: Doc) -> str | None:
    for name, (success, _message) in jwk.environments.items():
        if success and not doc["deployed"][name]:
            return f"{name} does not have it"
    required = jwk.spec.get("requiredEnvironments", list(jwk.environments))
    missing = [name for name in required if not jwk.environments.get(name, (False, ""))[0]]
    return f"{missing} do not have it" if missing else None


# --- reasons for not being ready ----------------------------------------------------------------------------------


def _no_excuse(world: World, jwk: Jwk, doc: Doc | None) -> str | None:
    return "nothing stands in the way"


def _conflict(world: World, jwk: Jwk, doc: Doc | None) -> str | None:
    name = jwk.spec["name"]
    if any(other["name"] == name for other in world.ledger.foreign.values()):
        return None
    if any(own.touched for own in world.ledger.own.values() if own.uid == jwk.metadata["uid"]):
        return None  # what somebody changed before its answer was recorded cannot be told from somebody else's
    rivals = [other for other in world.resources.values() if other.spec["name"] == name and other.name != jwk.name]
    return None if any(_rank(rival) < _rank(jwk) for rival in rivals) else "nobody else has the name"


def _rank(jwk: Jwk) -> tuple[bool, str, str]:
    """Among resources with one wish: owners first, then the oldest, whatever else keeps it from being served."""
    return not jwk.claimed, jwk.metadata["creationTimestamp"], f"{jwk.metadata['namespace']}/{jwk.name}"


def _drifted(world: World, jwk: Jwk, doc: Doc | None) -> str | None:
    touched = any(own.touched for own in world.ledger.own.values() if own.uid == jwk.metadata["uid"])
    strange = any(other["name"] == jwk.spec["name"] for other in world.ledger.foreign.values())
    return None if touched or strange else "nobody changed it"


def _rejected(world: World, jwk: Jwk, doc: Doc | None) -> str | None:
    return None if world.rejected else "Apinizer would take it"


def _secret(world: World, jwk: Jwk, doc: Doc | None) -> str | None:
    content = world.secrets[jwk.metadata["namespace"]]
    if "jwkStrFrom" not in jwk.spec:
        return "it reads no Secret"
    if jwk.reason == "SecretNotFound":
        return None if content is None else "the Secret is there"
    return None if content is not None and content.number is None else "the Secret holds a key"


def _replacement(world: World, jwk: Jwk, doc: Doc | None) -> str | None:
    if doc is None:
        return "there is nothing to replace"
    if jwk.spec["updatePolicy"] == "Replace":
        return "it could be replaced"
    same_source = wished_source(doc, jwk.spec) and doc["sourceUrl"] in (None, jwk.spec.get("url"))
    return "it is what is wished for" if same_source and _wrong_key(world, jwk, doc) is None else None


def _failed(world: World, jwk: Jwk, doc: Doc | None) -> str | None:
    if doc is None:
        return "it has no JWK"
    policy = jwk.spec["redeployPolicy"]
    linked = jwk.spec["sourceType"] not in ("COPY_PASTE", "GENERATE") and not doc["detached"]
    if policy == "Always" or (policy == "Auto" and not linked):
        return "it could be repaired"
    results = {name: success for name, (success, _message) in jwk.environments.items()}
    required = jwk.spec.get("requiredEnvironments", list(results))
    return None if any(not results.get(name) for name in required) else "every environment has it"


_EXCUSES = {
    "NameConflict": _conflict,
    "Drifted": _drifted,
    "Rejected": _rejected,
    "SecretNotFound": _secret,
    "SecretKeyNotFound": _secret,
    "InvalidKey": _secret,
    "ReplacementRequired": _replacement,
    "DeploymentFailed": _failed,
}
