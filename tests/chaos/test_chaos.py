"""A storm over everything, and the calm after it. `make soak` plays a long one of a new seed; this is a short one."""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from chaos.arena import arena
from chaos.plan import FAULTS, What, plan
from chaos.storm import Storm
from chaos.verdict import await_ready, check_remote, check_rest, check_secrecy, resident
from harness.audit import AuditLog

_NEW = random.SystemRandom().randrange(10**9) if "SOAK_SECONDS" in os.environ else 20261124
SEED = int(os.environ.get("SOAK_SEED", _NEW))
SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
COUNT = int(os.environ.get("SOAK_JWKS", "30"))
_CALM = 240.0
_MIB = 1024 * 1024


def test_a_plan_is_its_seeds() -> None:
    assert plan(1, 60, 30) == plan(1, 60, 30)
    assert plan(1, 60, 30) != plan(2, 60, 30)
    steps = plan(1, 600, 300)
    assert [step.at for step in steps] == sorted(step.at for step in steps)
    assert {step.what for step in steps} == set(What)
    assert {step.how % len(FAULTS) for step in steps if step.what is What.FAULT} == set(range(len(FAULTS)))


@pytest.mark.timeout(7200)
def test_everything_comes_right_after_a_storm(tmp_path: Path) -> None:
    again = f"SOAK_SEED={SEED} SOAK_SECONDS={SECONDS:g} SOAK_JWKS={COUNT} pytest tests/chaos"
    print(f"\nstorm of seed {SEED}: {COUNT} JWKs, {SECONDS:g} s; to play it again: {again}")
    with arena(tmp_path, COUNT) as made:
        first = await_ready(made, _CALM)
        before = {id(operator): resident(operator) for operator in made.operators}
        audit = AuditLog(made.cluster, made.user)
        audit.mark()
        storm = Storm(made)
        storm.play(plan(SEED, SECONDS, COUNT))
        for operator in made.operators:
            if not operator.running:
                operator.start(wait=False)
        calm = await_ready(made, _CALM)
        check_remote(made)
        check_rest(made, audit)
        check_remote(made)
        check_secrecy(made)
        after = {id(operator): resident(operator) for operator in made.operators}
        for operator in made.operators:
            status = operator.process.returncode
            assert status is None, f"an operator ended with {status}"
        assert max(after.values()) <= max(before.values()) * 1.5 + 32 * _MIB, "memory is back where it was"
        _tell(made.manager.control.requests(), storm.counts, first, calm, before.values(), after.values())


def _tell(requests: list[dict[str, object]], counts: Counter[str], first: float, calm: float, *memory: object) -> None:
    print(f"settled at first in {first:.1f} s, after the storm in {calm:.1f} s")
    print("steps:", ", ".join(f"{name.lower()} {count}" for name, count in sorted(counts.items())))
    calls = Counter(f"{record['call']} {record['status']}" for record in requests)
    print("calls:", ", ".join(f"{name}: {count}" for name, count in sorted(calls.items())))
    before, after = ([f"{int(value) // _MIB}" for value in values] for values in memory)  # type: ignore[attr-defined]
    print(f"memory of the operators in MiB: {', '.join(before)} before, {', '.join(after)} after")
