"""What users and others may do in a story of a plan, drawn at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from lifecycle.stage import CERTIFICATE, ENVIRONMENTS, KEYS, text_of
from planning.story import SECRET, Story

SLOTS = ("a", "b", "c", "d")
WISHES = dict(zip(SLOTS, ("x", "y", "z", "x"), strict=True))
"""Remote names: two resources want the same one."""
KINDS = ("url", "pasted", "secret", "certificate", "generated")
_FIELDS = ("url", "jwkStr", "jwkStrFrom", "certificateName", "environmentName", "useType", "algorithm", "generate")
_TEXTS = ("one", "two", "three", "", None)

Fields = dict[str, Any]


@dataclass(frozen=True)
class Move:
    """Something that somebody does; the repr is what a person needs to play it again."""

    kind: str
    slot: str
    fields: Fields


def source(kind: str, number: int, url: str) -> Fields:
    """Return the source fields of a spec; those of other sources are None."""
    own: dict[str, Fields] = {
        "url": {"sourceType": "URL", "url": f"{url}/{number}"},
        "pasted": {"sourceType": "COPY_PASTE", "jwkStr": text_of(number)},
        "secret": {"sourceType": "COPY_PASTE", "jwkStrFrom": {"secretKeyRef": {"name": SECRET, "key": "value"}}},
        "certificate": {
            "sourceType": "CERTIFICATE",
            "certificateName": CERTIFICATE,
            "environmentName": ENVIRONMENTS[-1],
            "useType": "SIGNATURE",
            "algorithm": "ES256",
        },
        "generated": {
            "sourceType": "GENERATE",
            "generate": {"type": "EC", "ec": {"curveType": "P256"}, "kid": f"generated-{number}"},
        },
    }
    return {**dict.fromkeys(_FIELDS), **own[kind]}


def _policies(chance: Random) -> Fields:
    some: dict[str, list[Any]] = {
        "updatePolicy": ["Immutable", "Replace"],
        "deletionPolicy": ["Delete", "Delete", "Retain"],
        "adoptionPolicy": ["Never", "IfMatching"],
        "redeployPolicy": ["Auto", "Always", "Never"],
        "suspend": [False, False, False, True],
        "requiredEnvironments": [None, list(ENVIRONMENTS), [ENVIRONMENTS[0]]],
        "replacement": [None, {"keepOldFor": "20h"}],
    }
    chosen = {name: chance.choice(some[name]) for name in chance.sample(list(some), chance.randrange(4))}
    return {**chosen, "updatePolicy": "Replace"} if chosen.get("replacement") else chosen


def draw_written(chance: Random, slot: str, url: str) -> Move:
    """Draw a JWK that a user writes."""
    fields = source(chance.choice(KINDS), chance.randrange(len(KEYS)), url)
    return Move("write", slot, {**fields, "description": chance.choice(_TEXTS), **_policies(chance)})


def draw(chance: Random, url: str) -> Move:
    """Draw any move."""
    slot, kind = chance.choice(SLOTS), chance.choice(list(_DRAWN))
    return Move(kind, slot, _DRAWN[kind](chance, url))


def _source(chance: Random, url: str) -> Fields:
    return source(chance.choice(KINDS), chance.randrange(len(KEYS)), url)


_DRAWN: dict[str, Callable[[Random, str], Fields]] = {
    "write": lambda chance, url: draw_written(chance, "", url).fields,
    "write what is there": lambda chance, url: {**_source(chance, url), "description": chance.choice(_TEXTS)},
    "describe": lambda chance, _: {"description": chance.choice(_TEXTS)},
    "describe anew": lambda chance, _: {"description": chance.choice(["four", "five"])},
    "resource": lambda chance, url: {**_source(chance, url), "updatePolicy": chance.choice(["Replace", "Immutable"])},
    "set policies": lambda chance, _: _policies(chance),
    "remove": lambda _, __: {},
    "request": lambda _, __: {},
    "put key": lambda chance, _: {"number": chance.randrange(len(KEYS))},
    "put key into Git": lambda chance, _: {"number": chance.randrange(len(KEYS))},
    "reconnect": lambda _, __: {},
    "somebody describes": lambda chance, _: {"description": chance.choice(["one", "six"])},
    "somebody deletes": lambda _, __: {},
    "somebody creates": lambda chance, _: {"jwkStr": text_of(chance.randrange(len(KEYS))), "description": "one"},
}


async def make(story: Story, move: Move) -> None:
    """Have somebody make a move; one that makes no sense now is none."""
    wish, written = WISHES[move.slot], move.slot in story.manifests
    match move.kind:
        case "write" if not written:
            story.write(move.slot, name=wish, **move.fields)
        case "write what is there" if not written:
            story.write(move.slot, name=wish, adoptionPolicy="IfMatching", **move.fields)
            await _somebody_makes(story, wish, move.fields)
        case "describe" | "describe anew" | "resource" | "set policies" if written:
            story.write(move.slot, **move.fields)
        case "request" if written:
            story.request(move.slot)
        case "remove":
            story.manifests.pop(move.slot, None)
        case "put key" | "put key into Git":
            story.put_key(move.fields["number"], in_git=move.kind == "put key into Git")
        case "reconnect":
            story.reconnect()
        case _ if move.kind in _TAMPERED:
            await story.tamper(_TAMPERED[move.kind], wish, **move.fields)


_TAMPERED = {"somebody describes": "change", "somebody deletes": "delete", "somebody creates": "create"}


async def _somebody_makes(story: Story, name: str, fields: Fields) -> None:
    """Somebody makes just what a resource wishes for."""
    key = fields["jwkStr"] or text_of(story.key)
    shown = {"sourceType": fields["sourceType"], "sourceUrl": fields["url"], "jwkStr": key}
    if fields["generate"]:
        shown |= {"jwkStr": None, "type": "EC", "kid": fields["generate"]["kid"]}
    given = {name: value for name, value in shown.items() if value is not None}
    await story.tamper("create", name, description=fields["description"] or "", **given)
