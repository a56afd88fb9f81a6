"""What is remembered of watched objects: the newest known version of each, never an older one after a newer one."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from typing import Any

Raw = dict[str, Any]

_REMEMBERED = 10_000
"""How many objects that are gone are remembered as such."""
Key = tuple[str, str]
"""Namespace (empty for cluster-scoped objects) and name."""


class Change(Enum):
    """What an observation meant."""

    NOTHING = auto()
    PRESENT = auto()
    GONE = auto()


def key_of(raw: Raw) -> Key:
    """Return namespace and name of an object."""
    metadata = raw["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def version_of(raw: Raw) -> int:
    """Return the resource version as the number that it is: comparable by contract since Kubernetes 1.35."""
    return int(raw["metadata"].get("resourceVersion") or 0)


class Store:
    """Objects by namespace and name, with indices. `trim` says what of an object is kept."""

    def __init__(
        self,
        trim: Callable[[Raw], Raw],
        wants: Callable[[Raw], bool] = lambda _: True,
        **indices: Callable[[Raw], Iterable[object]],
    ) -> None:
        """`wants` says which objects concern this store; one that does not any more leaves it, and may come back."""
        self._trim = trim
        self._wants = wants
        self._objects: dict[Key, Raw] = {}
        self._indices = indices
        self._entries: dict[tuple[str, object], set[Key]] = {}
        self._gone: OrderedDict[str, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._objects)

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._objects))

    def get(self, key: Key) -> Raw | None:
        """Return the newest known version of an object."""
        return self._objects.get(key)

    def find(self, index: str, value: object) -> list[Key]:
        """Return the keys of the objects that an index has under a value, sorted."""
        return sorted(self._entries.get((index, value), ()))

    def has(self, index: str, value: object) -> bool:
        """Whether an index has any object under a value."""
        return (index, value) in self._entries

    def count(self, index: str, value: object) -> int:
        """Return how many objects an index has under a value."""
        return len(self._entries.get((index, value), ()))

    def values(self, index: str) -> set[Any]:
        """Return the values under which an index has any object."""
        return {value for name, value in self._entries if name == index}

    def put(self, raw: Raw) -> Change:
        """Take in a version of an object; an older one than the known one changes nothing."""
        key = key_of(raw)
        known = self._objects.get(key)
        if raw["metadata"].get("uid") in self._gone:
            return Change.NOTHING  # a late event must not bring back what is gone
        if known is not None and version_of(raw) <= version_of(known):
            return Change.NOTHING
        if not self._wants(raw):
            self._forget(key)
            return Change.NOTHING if known is None else Change.GONE
        self._forget(key)
        kept = self._trim(raw)
        self._objects[key] = kept
        for entry in self._entries_of(kept):
            self._entries.setdefault(entry, set()).add(key)
        return Change.PRESENT

    def remove(self, raw: Raw) -> Change:
        """Take in that an object is gone, as its last version tells; a newer object of that name stays."""
        key = key_of(raw)
        known = self._objects.get(key)
        if known is None or known["metadata"].get("uid") != raw["metadata"].get("uid"):
            return Change.NOTHING
        self._bury(raw)
        return Change.GONE

    def observe(self, event: str | None, raw: Raw) -> Change:
        """Take in a watch event: ADDED, MODIFIED, DELETED, or None for an object that was listed."""
        return self.remove(raw) if event == "DELETED" else self.put(raw)

    def sweep(
        self, listed: set[Key], version: int, within: Callable[[Key], bool], *, for_good: bool = True
    ) -> list[Raw]:
        """Drop what a whole list of that version no longer has, and return it.

        `within` tells which keys the list was about. Objects that were seen at a later version than the list stay.
        Not `for_good` is for a list of some objects alone: what it lacks may still be there, and come back.
        """
        missing = [key for key in self._objects if within(key) and key not in listed]
        gone = [self._objects[key] for key in missing if version_of(self._objects[key]) <= version]
        for raw in gone:
            if for_good:
                self._bury(raw)
            else:
                self._forget(key_of(raw))
        return gone

    def _bury(self, raw: Raw) -> None:
        self._forget(key_of(raw))
        uid = raw["metadata"].get("uid")
        if uid is not None:
            self._gone[uid] = None
            if len(self._gone) > _REMEMBERED:
                self._gone.popitem(last=False)

    def _forget(self, key: Key) -> None:
        known = self._objects.pop(key, None)
        for entry in self._entries_of(known) if known is not None else ():
            self._entries[entry].discard(key)
            if not self._entries[entry]:
                del self._entries[entry]

    def _entries_of(self, raw: Raw) -> Iterator[tuple[str, object]]:
        for index, values in self._indices.items():
            for value in values(raw):
                yield index, value
