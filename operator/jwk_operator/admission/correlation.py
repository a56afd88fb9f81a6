"""Values beside what they were before an update (k8s.io/apiserver/pkg/cel/common/equality.go)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from jwk_operator.admission.golang import Json
from jwk_operator.api.schema import Schema


class Old(Enum):
    """Stands for an old value that is not there."""

    NONE = "none"


NONE: Final = Old.NONE


@dataclass(frozen=True, slots=True)
class Pair:
    """A value, its old value, and whether something around it that cannot be told apart further is unchanged."""

    value: Json
    old: Json | Old = NONE
    within_unchanged: bool = False

    @property
    def unchanged(self) -> bool:
        """Whether there was exactly this before."""
        return self.old is not NONE and same(self.value, self.old)

    @property
    def let_be(self) -> bool:
        """Whether a rule that is broken here was broken in the same way before."""
        return self.within_unchanged if self.old is NONE else self.unchanged

    def field(self, name: str, value: Json) -> Pair:
        """Return a field of the object beside its old value."""
        if isinstance(self.old, dict) and name in self.old:
            return Pair(value, self.old[name])
        return Pair(value, NONE, self.let_be)

    def item(self, value: Json, schema: Schema) -> Pair:
        """Return an entry of the list; only in a list whose entries have keys is it known which it was before."""
        if isinstance(self.old, list) and schema.get("x-kubernetes-list-type") == "map" and isinstance(value, dict):
            names = schema["x-kubernetes-list-map-keys"]
            for old in self.old:
                if isinstance(old, dict) and all(old.get(name) == value.get(name) for name in names):
                    return Pair(value, old)
        return Pair(value, NONE, self.let_be)


def same(value: object, other: object) -> bool:
    """Whether two values are equal to the letter: True is not 1, and 1 is not 1.0."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(same(item, other[name]) for name, item in value.items())
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(same, value, other))
    return type(value) is type(other) and value == other
