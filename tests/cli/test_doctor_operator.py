"""`jwk-operator doctor` beside an operator at work: what its reports say besides."""

from __future__ import annotations

from cli.doctoring import (
    CLOCK,
    NO_JWKS,
    REACHED,
    SECRET,
    SPEC,
    TOKEN,
    UNTIL_JWKS,
    Doctor,
    end,
)
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space

GENERATED = {"sourceType": "GENERATE", "generate": {"type": "EC", "ec": {"curveType": "P256"}}}


def test_everything_works(doctor: Doctor, space: Space, operator: OperatorProcess, simulator: SimulatorProcess) -> None:
    space.jwk("key", GENERATED)
    space.wait("key")
    space.wait_connection("Connected")
    written = simulator.writes(space.project)
    done = doctor(space)
    assert done.out == (
        UNTIL_JWKS
        + NO_JWKS.replace("none", "1 JWK, each with a connection that it may use")
        + SPEC
        + """\
ok       status                      the operator reports Connected: Apinizer answers; project "shop" has 2 environments
"""
        + SECRET
        + REACHED
        + CLOCK
        + TOKEN
        + """\
ok       list                        project "shop" has 1 JWK, listed in N ms
ok       environments                project "shop" has development, production
ok       writing                     the generation of TEAM/key by the operator at DATE UTC was carried out; doctor itself writes nothing
"""  # noqa: E501 - as it is printed
        + end(ok=21, warning=1)
    )
    assert (done.status, done.err) == (0, "")
    assert simulator.writes(space.project) == written


def test_what_the_operator_reports_of_a_connection(doctor: Doctor, space: Space, operator: OperatorProcess) -> None:
    space.connect(token="wrong-token-63aa11")
    space.wait_connection("Unauthorized")
    done = doctor(space)
    (status,) = (line for line in done.out.splitlines() if line.startswith("failed   status"))
    assert status.split(maxsplit=2)[2] == (
        "the operator reports Unauthorized: Apinizer does not accept the credential of Secret TEAM/default, key token; "
        "put a valid one there: Invalid token → see what follows, and docs/reference/reasons.md"
    )
    assert "wrong-token" not in done.out
    assert done.status == 1
