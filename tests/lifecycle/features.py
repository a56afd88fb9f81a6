"""What stories may hold, switch by switch: behaviour that the operator has, and what it cannot promise yet."""

from __future__ import annotations

from enum import Enum


class Feature(Enum):
    """Something that the rules have moves for, and that only happens in stories while it is enabled."""

    REPLACE = "updatePolicy: Replace"
    KEEP_OLD = "replacement.keepOldFor"
    ADOPT = "adoptionPolicy: IfMatching"
    GENERATE = "sourceType: GENERATE"
    SECRET_NEWS = "a changed Secret behind jwkStrFrom is noticed once the remote JWK exists"
    IMPOSTOR = "a foreign JWK may take the place of one that somebody deleted while a status still calls it ours"


ENABLED: frozenset[Feature] = frozenset(Feature)

OVERLAP = False
"""Whether a second operator may start while a pass of the first one is held, which then goes on."""
