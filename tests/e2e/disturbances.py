"""What is done to the operator's processes. They are its own user's, so that no right beyond `exec` is needed.

A process cannot stop the first one of its pid namespace, which the operator is in its container. `within_reach` lets
the containers of the pod share one, so that it is not the first any more.
"""

from __future__ import annotations

import json
from typing import Any

from e2e.target import NAME, SYSTEM, TEAM, Target, own
from harness.keys import pasted
from harness.waiting import until

_FIND = """
import os, pathlib, signal
def is_operator(pid):
    try:
        words = pathlib.Path("/proc", pid, "cmdline").read_bytes().split(b"\\0")
    except OSError:
        return False
    return b"run" in words and any(word.endswith(b"/jwk-operator") for word in words)
(operator,) = (pid for pid in os.listdir("/proc") if pid.isdigit() and is_operator(pid))
"""
STOP = _FIND + "os.kill(int(operator), signal.SIGSTOP)"
PEAK = (
    _FIND
    + """
for line in pathlib.Path("/proc", operator, "status").read_text().splitlines():
    if line.startswith("VmHWM:"):
        print(line.split()[1])
"""
)
"""Prints the most memory that the operator has had resident, in KiB."""
EXHAUST = """
import os, signal
for _ in range(32):
    if os.fork() == 0:
        held = b"x" * (24 << 20)
        signal.pause()
os.wait()
"""
"""Takes memory until the container is at its limit. None of those who take it has as much as the operator, which is
therefore the one that the kernel kills."""


def within_reach(target: Target, **container: Any) -> None:
    """Give the Deployment pods whose operator can be stopped, and that are not waited for when they do not end."""
    pod: dict[str, Any] = {"shareProcessNamespace": True, "terminationGracePeriodSeconds": 5}
    if container:
        pod["containers"] = [{"name": "operator", **container}]
    patch = json.dumps({"spec": {"template": {"spec": pod}}})
    target.kubectl("-n", SYSTEM, "patch", "deployment", NAME, "--type=strategic", "--patch", patch)
    target.rolled_out()


def leave_in_flight(target: Target, name: str) -> None:
    """Apply a JWK that Apinizer creates without ever answering: the operator has no way to know."""
    target.control.fault("hang", call="create", name=name, act=True)
    target.apply(own("JWK", name, pasted()))

    def sent() -> bool:
        return any(record["acted"] for record in target.control.requests() if record["name"] == name)

    until(sent, f"the create of {name} has come to Apinizer")


def settled(target: Target, *jwks: str) -> dict[str, str]:
    """Apply JWKs, wait until they are Ready, and return the resourceVersions of all of the tests' JWKs."""
    target.apply(*(own("JWK", name, pasted()) for name in jwks))
    target.kubectl("-n", TEAM, "wait", "--for=condition=Ready", *(f"jwk/{name}" for name in jwks), "--timeout=90s")
    return target.versions()
