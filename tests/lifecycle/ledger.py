"""What exists in Apinizer and whose it is, followed by id: names and looks can be copied, ids cannot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from apinizer_simulator.control_api import shown
from apinizer_simulator.server import Simulator

Doc = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Actor:
    """The resource whose pass sent a request, as its user last left it."""

    uid: str
    name: str
    """The remote name that it wishes for."""
    deleting: bool
    replaces: bool


@dataclass(slots=True)
class Own:
    """A remote JWK that a pass made (or took over)."""

    uid: str
    doc: Doc
    touched: bool = False
    """Whether somebody else changed it, so that it may not be recognised any more."""
    adopted: bool = False
    """Whether somebody else made it."""


@dataclass(slots=True)
class Ledger:
    """Follows one project. Call `note` after whatever may have changed it."""

    simulator: Simulator
    project: str
    own: dict[str, Own] = field(default_factory=dict)
    foreign: dict[str, Doc] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def docs(self) -> dict[str, Doc]:
        """Return every JWK of the project by id."""
        return {doc["id"]: doc for doc in map(shown, self.simulator.control.store.all(self.project))}

    def named(self, name: str) -> Doc | None:
        """Return the JWK of a name."""
        return next((doc for doc in self.docs().values() if doc["name"] == name), None)

    # --- what happened -------------------------------------------------------------------------------------------

    def note_request(self, actor: Actor | None) -> None:
        """A request of the operator, on behalf of a resource, was answered or cut off."""
        docs = self.docs()
        for found, doc in self.foreign.items():
            if docs.get(found) != doc:
                self._violated(f"foreign {doc} became {docs.get(found)}, by {actor}")
        for found in docs.keys() - self.own.keys() - self.foreign.keys():
            self._made(docs[found], actor)
        for found, own in list(self.own.items()):
            self._compare(found, own, docs, actor)
        self.foreign = {found: docs[found] for found in self.foreign if found in docs}

    def _made(self, doc: Doc, actor: Actor | None) -> None:
        if actor is None:
            self._violated(f"{doc} was made for no resource")
            return
        self.own[doc["id"]] = Own(actor.uid, doc)
        count = sum(own.uid == actor.uid for own in self.own.values())
        if count > (2 if actor.replaces else 1):
            self._violated(f"{actor} has {count} JWKs: {[own.doc for own in self.own.values()]}")

    def _compare(self, found: str, own: Own, docs: dict[str, Doc], actor: Actor | None) -> None:
        doc = docs.get(found)
        if doc == own.doc:
            return
        if actor is None or own.uid != actor.uid:
            self._violated(f"{own.doc} of {own.uid} became {doc}, by {actor}")
        if doc is not None:
            own.doc = doc
            return
        del self.own[found]
        instead = any(
            other.uid == own.uid and other.doc["name"] == (actor.name if actor else "") for other in self.own.values()
        )
        if not (actor and (actor.deleting or instead)):
            self._violated(f"{own.doc} was deleted though its resource lives and nothing takes its place")

    def note_somebody(self, made: str | None = None) -> None:
        """Somebody else changed the project; `made` is the id of what they created."""
        docs = self.docs()
        if made is not None:
            self.foreign[made] = docs[made]
        self.foreign = {found: docs[found] for found in self.foreign if found in docs}
        for found, own in list(self.own.items()):
            if found not in docs:
                del self.own[found]
            elif docs[found] != own.doc:
                own.doc, own.touched = docs[found], True

    def leave(self, found: str) -> None:
        """A JWK belongs to no resource any more: from now on it is like anybody's."""
        self.foreign[found] = self.own.pop(found).doc

    def take_over(self, found: str, uid: str) -> None:
        """A resource has taken over what somebody else made."""
        self.own[found] = Own(uid, self.foreign.pop(found), adopted=True)

    def _violated(self, what: str) -> None:
        self.violations.append(what)
