"""What must hold once a storm is over: everything Ready, one remote JWK each, nothing else, nothing told, and rest."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from chaos.arena import FOREIGN, Arena
from harness.audit import AuditLog
from harness.operator import OperatorProcess
from harness.waiting import until

_QUIET = 8.0
"""Seconds without any write that count as rest."""


def resident(operator: OperatorProcess) -> int:
    """Bytes that an operator has in memory."""
    pages = int(Path(f"/proc/{operator.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def await_ready(arena: Arena, seconds: float) -> float:
    """Wait until every resource is there and Ready, and return how many seconds that took."""
    started = time.monotonic()

    def unready() -> list[str]:
        found = {jwk.name: jwk for space in arena.spaces for jwk in space.jwks().values()}
        missing = [arena.name_of(number) for number in range(arena.count) if arena.name_of(number) not in found]
        waiting = [
            f"{jwk.name}: {jwk.ready.reason}: {jwk.message}"
            for jwk in found.values()
            if not jwk.observed or jwk.ready.status != "True" or jwk.spec.get("suspend")
        ]
        return [*(f"{name}: missing" for name in missing), *waiting]

    def told() -> str:
        late = unready()
        return "\n".join(["all are Ready; not so:", *late[:20], *_story(arena, late[0].partition(":")[0])])

    until(lambda: not unready(), told, seconds)
    return time.monotonic() - started


def _story(arena: Arena, name: str) -> list[str]:
    """What was called and logged about a resource, in the order of time."""
    calls = [
        (
            time.strftime("%H:%M:%S", time.gmtime(record["time"])),
            f"{record['call']} {record['status']} {record['acted']}",
        )
        for record in arena.manager.control.requests()
        if record["name"] == name
    ]
    logged = [
        (line[11:19], line) for operator in arena.operators for line in operator.text().splitlines() if name in line
    ]
    return [f"{when} {what}" for when, what in sorted(calls + logged)]


def check_remote(arena: Arena) -> None:
    """Each resource has its one JWK as its spec says; somebody else's is untouched, and there is nothing more."""
    for space in arena.spaces:
        jwks = space.jwks()
        remote = arena.manager.remote(space.project)
        assert set(remote) == {*jwks, FOREIGN}, f"in {space.project} beside what should be there"
        assert remote[FOREIGN]["kid"] == "theirs"
        for name, jwk in jwks.items():
            assert remote[name]["description"] == jwk.spec["description"], name
            assert jwk.status["remote"]["name"] == name
            assert "replacement" not in jwk.status
    shown = [record for record in arena.manager.control.requests() if record["call"] in ("get", "show", "detail")]
    assert shown == [], "the call that returns key material is never made"


def check_rest(arena: Arena, audit: AuditLog) -> None:
    """Wait for a time without writes; then nothing is written any more although check-ups go on."""

    def writes() -> tuple[int, int]:
        told = [request for request in audit.writes() if request.resource != "leases"]
        sent = sum(len(arena.manager.writes(space.project)) for space in arena.spaces)
        return len(told), sent

    before = writes()
    deadline = time.monotonic() + 90
    quiet_since = time.monotonic()
    while time.monotonic() - quiet_since < _QUIET:
        assert time.monotonic() < deadline, f"no rest: {audit.writes()[-5:]}"
        time.sleep(0.5)
        now = writes()
        if now != before:
            before, quiet_since = now, time.monotonic()


def check_secrecy(arena: Arena) -> None:
    """No token, client secret or private key in a log, a status, an annotation or an Event."""
    shown = [operator.text() for operator in arena.operators]
    for space in arena.spaces:
        shown += [json.dumps([jwk.status, jwk.annotations]) for jwk in space.jwks().values()]
        shown.append(json.dumps(space.connection_status()))
        shown += [event.message for event in space.events()]
    for text in shown:
        for secret in arena.secrets:
            assert secret not in text, (
                f"a secret is shown: {text[max(0, text.index(secret) - 200) : text.index(secret)]}"
            )
