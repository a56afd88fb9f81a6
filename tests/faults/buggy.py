"""The operator with a bug: `python -m faults.buggy NAME TIMES run ...`.

The first TIMES passes over resources called NAME raise an error whose text has the whole spec in it.
"""

from __future__ import annotations

import sys

from jwk_operator.cli.main import main
from jwk_operator.kube.store import Key
from jwk_operator.reconcile.reconciler import Reconciler, Result
from jwk_operator.reconcile.state import Cause


def put_bug(name: str, times: int) -> None:
    """Have passes over resources of a name fail so many times."""
    reconcile, left = Reconciler.reconcile, times

    async def buggy(self: Reconciler, key: Key, cause: Cause) -> Result | None:
        nonlocal left
        if key[1] == name and left > 0:
            left -= 1
            raise RuntimeError(str(self._jwks.get(key)))
        return await reconcile(self, key, cause)

    Reconciler.reconcile = buggy  # type: ignore[method-assign]


if __name__ == "__main__":
    put_bug(sys.argv.pop(1), int(sys.argv.pop(1)))
    main()
