"""What is remembered of watched objects: the newest known version of each, never an older one after a newer one."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from enum import Enum, auto
from typing import Any, NamedTuple, TypeVar, cast

from jwk_operator.kube.packing import Packer, unpack

Raw = dict[str, Any]

_REMEMBERED = 10_000
"""How many objects that are gone are remembered as such."""
OPEN = 32
"""How many objects are at hand as they are read; the others are packed, which takes a tenth of the memory."""
T = TypeVar("T")
Key = tuple[str, str]
"""Namespace (empty for cluster-scoped objects) and name."""
_Entry = tuple[str, object]
"""An index, and a value that it has."""


class Change(Enum):
    """What an observation meant."""

    NOTHING = auto()
    PRESENT = auto()
    GONE = auto()


def key_of(raw: Raw) -> Key:
    """Return namespace and name of an object."""
    metadata = raw["metadata"]
    return sys.intern(metadata.get("namespace", "")), metadata["name"]


def version_of(raw: Raw) -> int:
    """Return the resource version as the number that it is: comparable by contract since Kubernetes 1.35."""
    return int(raw["metadata"].get("resourceVersion") or 0)


class _Stored(Raw):
    """An object that a store gave out, or the spec of one."""

    __slots__ = ("read",)

    read: dict[Callable[[Raw], Any], Any]
    """What was made of it, by the function that made it."""


def once(raw: Raw, read: Callable[[Raw], T]) -> T:
    """Return what `read` makes of an object, or of its spec.

    Of one from a store it is made but once, as nothing changes in that; and a spec goes on to the next version of its
    object, if it is the same there.
    """
    if not isinstance(raw, _Stored):
        return read(raw)
    try:
        return cast("T", raw.read[read])
    except KeyError:
        raw.read[read] = made = read(raw)
        return made


def _as_stored(raw: Raw, before: Raw | None = None) -> _Stored:
    """Make of an object what is given out; `before` is its last version, where it is at hand."""
    stored, spec = _Stored(raw), raw.get("spec")
    stored.read = {}
    if isinstance(spec, dict):
        known = before.get("spec") if before is not None else None
        if known != spec:
            known = _Stored(spec)
            known.read = {}
        stored["spec"] = known
    return stored


class _Kept(NamedTuple):
    """An object at rest."""

    version: int
    uid: str | None
    content: bytes
    sample: bytes


class Store:
    """Objects by namespace and name, with indices. `trim` says what of an object is kept.

    What it gives out is not to be changed: it may be given out again, or may not.
    """

    def __init__(
        self,
        trim: Callable[[Raw], Raw],
        wants: Callable[[Raw], bool] = lambda _: True,
        **indices: Callable[[Raw], Iterable[object]],
    ) -> None:
        """`wants` says which objects concern this store; one that does not any more leaves it, and may come back."""
        self._trim = trim
        self._wants = wants
        self._packer = Packer()
        self._kept: dict[Key, _Kept] = {}
        self._open: OrderedDict[Key, Raw] = OrderedDict()
        """Those of late, the latest last."""
        self._indices = indices
        self._entries: dict[_Entry, Key | set[Key]] = {}
        """One key alone, as nearly always with names, or several."""
        self._gone: OrderedDict[str, None] = OrderedDict()
        self.changes = 0
        """How often anything has changed in it."""

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._kept))

    def get(self, key: Key) -> Raw | None:
        """Return the newest known version of an object."""
        found = self._open.get(key)
        if found is not None:
            self._open.move_to_end(key)
            return found
        kept = self._kept.get(key)
        return None if kept is None else self._keep_open(key, _as_stored(unpack(kept.content, kept.sample)))

    def objects(self) -> Iterator[Raw]:
        """Yield every object, to be looked at in one go: none is kept at hand for that."""
        for key, kept in self._kept.items():
            yield self._open.get(key) or unpack(kept.content, kept.sample)

    def find(self, index: str, value: object) -> list[Key]:
        """Return the keys of the objects that an index has under a value, sorted."""
        keys = self._entries.get((index, value), ())
        return sorted(keys) if isinstance(keys, set) else [keys] if keys else []

    def has(self, index: str, value: object) -> bool:
        """Whether an index has any object under a value."""
        return (index, value) in self._entries

    def count(self, index: str, value: object) -> int:
        """Return how many objects an index has under a value."""
        keys = self._entries.get((index, value), ())
        return len(keys) if isinstance(keys, set) else 1 if keys else 0

    def values(self, index: str) -> set[Any]:
        """Return the values under which an index has any object."""
        return {value for name, value in self._entries if name == index}

    def put(self, raw: Raw) -> Change:
        """Take in a version of an object; an older one than the known one changes nothing."""
        key, uid, version = key_of(raw), raw["metadata"].get("uid"), version_of(raw)
        if uid in self._gone:
            return Change.NOTHING  # a late event must not bring back what is gone
        known = self._kept.get(key)
        if known is not None and version <= known.version:
            return Change.NOTHING
        if not self._wants(raw):
            self._forget(key)
            return Change.NOTHING if known is None else Change.GONE
        trimmed = self._trim(raw)
        kept = _as_stored(trimmed, self._open.get(key))
        before, after = self._entries_under(key), once(kept, self._entries_of)
        for entry in before - after:
            self._discard(entry, key)
        for entry in after - before:
            self._add(entry, key)
        self._kept[key] = _Kept(version, uid, *self._packer.pack(trimmed))
        self.changes += 1
        self._keep_open(key, kept)
        return Change.PRESENT

    def remove(self, raw: Raw) -> Change:
        """Take in that an object is gone, as its last version tells; a newer object of that name stays."""
        key, uid = key_of(raw), raw["metadata"].get("uid")
        known = self._kept.get(key)
        if known is None or known.uid != uid:
            return Change.NOTHING
        self._bury(key)
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
        missing = [key for key in self._kept if within(key) and key not in listed]
        gone = [key for key in missing if self._kept[key].version <= version]
        dropped = [raw for key in gone if (raw := self.get(key)) is not None]
        for key in gone:
            if for_good:
                self._bury(key)
            else:
                self._forget(key)
        return dropped

    def _keep_open(self, key: Key, raw: Raw) -> Raw:
        self._open[key] = raw
        self._open.move_to_end(key)
        if len(self._open) > OPEN:
            self._open.popitem(last=False)
        return raw

    def _bury(self, key: Key) -> None:
        uid = self._kept[key].uid
        self._forget(key)
        if uid is not None:
            self._gone[uid] = None
            if len(self._gone) > _REMEMBERED:
                self._gone.popitem(last=False)

    def _forget(self, key: Key) -> None:
        for entry in self._entries_under(key):
            self._discard(entry, key)
        self._open.pop(key, None)
        if self._kept.pop(key, None) is not None:
            self.changes += 1

    def _add(self, entry: _Entry, key: Key) -> None:
        keys = self._entries.get(entry)
        if keys is None:
            self._entries[entry] = key
        elif isinstance(keys, set):
            keys.add(key)
        else:
            self._entries[entry] = {keys, key}

    def _discard(self, entry: _Entry, key: Key) -> None:
        keys = self._entries[entry]
        if isinstance(keys, set) and keys != {key}:
            keys.discard(key)
        else:
            del self._entries[entry]

    def _entries_under(self, key: Key) -> frozenset[_Entry]:
        """Return the index entries of the object under a key, if there is one."""
        known = self.get(key)
        return frozenset() if known is None else once(known, self._entries_of)

    def _entries_of(self, raw: Raw) -> frozenset[_Entry]:
        return frozenset((index, value) for index, values in self._indices.items() for value in values(raw))
