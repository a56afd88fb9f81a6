"""The storm: carries out a plan, step by step, whatever state the others are in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from chaos.arena import Arena
from chaos.plan import EDITS, FAULTS, Step, What
from harness.cluster import RefusedError
from harness.operator import OperatorProcess
from harness.simulator import ENVIRONMENTS

Later = list[tuple[float, Callable[[], None]]]


class Storm:
    """Plays the steps of a plan. `counts` says how often each kind of step could be carried out."""

    def __init__(self, arena: Arena) -> None:
        self._arena = arena
        self._later: Later = []
        """What is to be undone, and when."""
        self._started = 0.0
        self._going: set[int] = set()
        """Resources that are deleted and made again: one that is suspended meanwhile would leave its JWK behind."""
        self.counts: Counter[str] = Counter()

    def play(self, steps: tuple[Step, ...]) -> None:
        """Carry out every step when its time has come, and undo what was stopped or paused at the end."""
        self._started = time.monotonic()
        for step in steps:
            self._wait_until(step.at)
            # A user whose API server is away, or whose object is, comes back another time.
            try:
                self._do(step)
                self.counts[step.what.name] += 1
            except (httpx.TransportError, RefusedError):
                self.counts[f"{step.what.name} (in vain)"] += 1
        while self._later:  # what was paused goes on, what was deleted comes back
            self._wait_until(max(due for due, _ in self._later) + 0.1)
        self._calm()

    def _wait_until(self, at: float) -> None:
        while True:
            now = time.monotonic() - self._started
            for due, undo in [item for item in self._later if item[0] <= now]:
                self._later.remove((due, undo))
                undo()
            if now >= at:
                return
            time.sleep(min(0.05, at - now))

    def _in(self, seconds: float, undo: Callable[[], None]) -> None:
        self._later.append((time.monotonic() - self._started + seconds, undo))

    def _calm(self) -> None:
        control = self._arena.manager.control
        control.clear_faults()
        self._rotate()
        for space in self._arena.spaces:
            for environment in ENVIRONMENTS:
                control.fail_environment(space.project, environment, failing=False)
        for number in range(self._arena.count):
            space, name = self._arena.space_of(number), self._arena.name_of(number)
            found = space.find(name)
            if found is not None and found.spec.get("suspend"):
                space.patch(name, suspend=False)

    # --- steps ---------------------------------------------------------------------------------------------------

    def _do(self, step: Step) -> None:
        if step.what in EDITS:
            self._edit(step)
        elif step.what in (What.OPERATOR_KILLED, What.OPERATOR_ENDED, What.OPERATOR_PAUSED):
            self._disturb_operator(step, self._arena.operators[step.how % 2])
        elif step.what in (What.API_SERVER_KILLED, What.API_SERVER_ENDED):
            self._arena.cluster.plane.stop_apiserver(graceful=step.what is What.API_SERVER_ENDED)
            time.sleep(step.seconds / 2)
            self._arena.cluster.plane.start_apiserver()
        else:
            self._disturb_manager(step)

    def _edit(self, step: Step) -> None:
        number = step.which
        space, name = self._arena.space_of(number), self._arena.name_of(number)
        match step.what:
            case What.DESCRIBE:
                space.patch(name, description=f"Edit {step.how}")
            case What.REPLACE_KEY:
                odd = number | 1  # only those have their key in a Secret
                self._arena.put_key(odd if odd < self._arena.count else 1, step.how)
            case What.DELETE:
                space.patch(name, suspend=False)  # one that is suspended would leave its remote JWK behind
                space.delete(name)
                self._going.add(number)
                self._in(step.seconds, lambda: self._make_again(number, step.how))
            case What.SUSPEND if number not in self._going:
                space.patch(name, suspend=True)
                self._in(step.seconds, lambda: self._try(lambda: space.patch(name, suspend=False)))

    def _disturb_manager(self, step: Step) -> None:
        match step.what:
            case What.FAULT:
                fault: dict[str, Any] = dict(FAULTS[step.how % len(FAULTS)])
                self._arena.manager.control.fault(times=1 + step.how % 3, **fault)
            case What.ENVIRONMENT:
                self._fail(self._arena.space_of(step.which).project, ENVIRONMENTS[step.how % 2], step.seconds)
            case What.TOKEN:
                self._rotate()

    def _disturb_operator(self, step: Step, operator: OperatorProcess) -> None:
        if not operator.running:
            return
        match step.what:
            case What.OPERATOR_KILLED:
                operator.kill()
                self._in(step.seconds / 4, lambda: self._start(operator))
            case What.OPERATOR_ENDED:
                operator.go_on()  # one that is paused does not hear of its end
                operator.stop()
                self._in(step.seconds / 4, lambda: self._start(operator))
            case What.OPERATOR_PAUSED:
                operator.pause()
                self._in(step.seconds, lambda: self._go_on(operator))

    def _make_again(self, number: int, key: int) -> None:
        """Once the old one is gone, which may take a while in a storm."""
        space, name = self._arena.space_of(number), self._arena.name_of(number)
        try:
            found = space.find(name)
            if found is None:
                self._arena.make(number, key)
            if found is None or "deletionTimestamp" not in found.metadata:
                self._going.discard(number)
                return
        except (httpx.TransportError, RefusedError):
            pass
        self._in(1, lambda: self._make_again(number, key))

    @staticmethod
    def _try(act: Callable[[], object]) -> None:
        try:
            act()
        except (httpx.TransportError, RefusedError):
            return

    def _fail(self, project: str, environment: str, seconds: float) -> None:
        control = self._arena.manager.control
        control.fail_environment(project, environment)
        self._in(seconds, lambda: self._try(lambda: control.fail_environment(project, environment, failing=False)))

    def _rotate(self) -> None:
        """A new token for those who use one; the old one ends at once."""
        arena = self._arena
        token = f"token-of-the-storm-{len(arena.tokens)}"
        arena.manager.control.add_token(token)
        old, arena.tokens = arena.tokens[-1], [*arena.tokens, token]
        for space in (arena.spaces[0], arena.spaces[2]):
            space.secret("default", token=token)
        arena.manager.control.revoke_token(old)

    @staticmethod
    def _start(operator: OperatorProcess) -> None:
        if not operator.running:
            operator.start(wait=False)

    @staticmethod
    def _go_on(operator: OperatorProcess) -> None:
        if operator.running:
            operator.go_on()
