"""`jwk-operator reconcile`, `suspend` and `resume`."""

from __future__ import annotations

import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from cli.tool import Done, Tool
from harness.keys import pasted
from harness.objects import REQUESTED, Object
from harness.operator import OperatorProcess
from harness.simulator import SimulatorProcess
from harness.space import Space
from harness.waiting import until
from install.support import kubectl

DEPLOYED = "ready, Deployed: Deployed to 2 environments."
INVALID = (
    "not ready, InvalidKey: spec.jwkStr: member e is missing."
    " Remedy: Correct spec.jwkStr, or the Secret behind spec.jwkStrFrom."
)
RESTING = "Suspended: Nothing is changed in Apinizer while spec.suspend is true."
UNSEEN = "timed out after 0.5 s, nothing has looked at it: does an operator run that serves namespace SPACE?"
BROKEN = pasted({"kty": "RSA", "n": "AQAB"})


class Commands:
    """The tool in a namespace, whose name is SPACE in what it prints."""

    def __init__(self, tool: Tool, space: Space) -> None:
        self._tool = tool
        self._space = space

    def __call__(self, *arguments: str) -> Done:
        done = self._tool(*arguments, "-n", self._space.name)
        return Done(done.status, self._marked(done.out), self._marked(done.err))

    def _marked(self, text: str) -> str:
        return text.replace(self._space.name, "SPACE")


@pytest.fixture
def commands(tool: Tool, space: Space) -> Commands:
    return Commands(tool, space)


def two(space: Space) -> None:
    """A JWK that is fine and one that is not."""
    space.jwk("broken", BROKEN)
    space.jwk("fine", pasted())
    space.wait("fine")
    space.wait("broken", "InvalidKey")


@pytest.mark.usefixtures("operator")
def test_a_look_is_asked_for(space: Space, commands: Commands) -> None:
    two(space)
    assert commands("reconcile", "fine", "jwk/broken") == Done(
        0, "SPACE/fine: asked for a look\nSPACE/broken: asked for a look\n", ""
    )
    for name in ("fine", "broken"):
        space.wait_for(name, lambda jwk: jwk.handled == jwk.annotations[REQUESTED], "echo")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", space.get(name).annotations[REQUESTED])
    first = space.get("fine").handled
    assert commands("reconcile", "--all") == Done(
        0, "SPACE/broken: asked for a look\nSPACE/fine: asked for a look\n", ""
    )
    space.wait_for("fine", lambda jwk: jwk.handled not in (None, first), "echo of another")


@pytest.mark.usefixtures("operator")
def test_what_came_of_it_is_waited_for(space: Space, commands: Commands, simulator: SimulatorProcess) -> None:
    two(space)
    assert commands("reconcile", "fine", "--wait") == Done(0, f"SPACE/fine: {DEPLOYED}\n", "")
    done = commands("reconcile", "fine", "broken", "missing", "--wait")
    assert (done.status, done.err) == (
        1,
        'Error: SPACE/missing: 404 NotFound: jwks.apiops.apinizer.com "missing" not found\n',
    )
    assert sorted(done.out.splitlines()) == [f"SPACE/broken: {INVALID}", f"SPACE/fine: {DEPLOYED}"]
    assert simulator.writes(space.project) == [("create", "fine")]


@pytest.mark.usefixtures("operator")
def test_a_repair_is_waited_for(space: Space, commands: Commands, simulator: SimulatorProcess) -> None:
    space.jwk("key", pasted(), description="Ours")
    space.wait("key")
    simulator.control.tamper("change", space.project, "key", description="Theirs")
    assert commands("reconcile", "key", "--wait") == Done(0, f"SPACE/key: {DEPLOYED}\n", "")
    assert simulator.bodies(space.project, "update") == [{"description": "Ours"}]


@pytest.mark.usefixtures("operator")
def test_what_is_being_retried_ends_with_the_time(space: Space, commands: Commands) -> None:
    space.connection(baseUrl="http://127.0.0.1:1")
    space.wait_seen()
    space.jwk("late", pasted())
    space.wait_for("late", lambda jwk: jwk.reason in ("Unreachable", "CircuitOpen"), "a failure")
    done = commands("reconcile", "late", "--wait", "--timeout", "4s")
    assert (done.status, done.err) == (1, "")
    assert re.fullmatch(
        r"SPACE/late: timed out after 4 s, still (Unreachable|CircuitOpen): .* refuses connections; .*\."
        r"( The next attempt is due at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\.)?\n",
        done.out,
    ), done.out


def test_that_nobody_has_looked_is_told(space: Space, commands: Commands, operator: OperatorProcess) -> None:
    space.jwk("seen", pasted())
    space.wait("seen")
    operator.pause()
    try:
        space.jwk("new", pasted())
        done = commands("reconcile", "seen", "new", "--wait", "--timeout", "0.5s")
        assert done == Done(1, f"SPACE/seen: {UNSEEN}\nSPACE/new: {UNSEEN}\n", "")
        done = commands("suspend", "seen", "--wait", "--timeout", "0.5s")
        assert done == Done(1, f"SPACE/seen: {UNSEEN}\n", "")
    finally:
        operator.go_on()


def test_one_that_goes_meanwhile_is_told(space: Space, commands: Commands, operator: OperatorProcess) -> None:
    operator.pause()
    try:
        space.jwk("going", pasted())
        with ThreadPoolExecutor() as pool:
            waiting = pool.submit(commands, "reconcile", "going", "--wait")
            until(lambda: REQUESTED in space.get("going").annotations, "a look is asked for")
            space.delete("going")
            assert waiting.result() == Done(1, "SPACE/going: is gone: it was deleted meanwhile\n", "")
    finally:
        operator.go_on()


@pytest.mark.usefixtures("operator")
def test_suspended_and_resumed(space: Space, commands: Commands, simulator: SimulatorProcess) -> None:
    two(space)
    assert commands("suspend", "fine", "--wait") == Done(0, f"SPACE/fine: {RESTING}\n", "")
    assert commands("suspend", "fine") == Done(0, "SPACE/fine: suspended already\n", "")
    assert commands("suspend", "fine", "--wait") == Done(0, f"SPACE/fine: {RESTING}\n", "")
    assert commands("reconcile", "fine", "--wait") == Done(
        1,
        "",
        "Error: SPACE/fine: it is suspended, so nothing is done for it; first: jwk-operator resume fine\n",
    )
    assert commands("reconcile", "--all", "--wait") == Done(
        1, f"SPACE/fine: passed over, as it is suspended\nSPACE/broken: {INVALID}\n", ""
    )
    space.patch("fine", description="Meanwhile")
    assert commands("suspend", "fine", "--wait").status == 0
    assert simulator.writes(space.project) == [("create", "fine")]
    assert commands("resume", "fine", "--wait") == Done(0, f"SPACE/fine: {DEPLOYED}\n", "")
    assert simulator.writes(space.project) == [("create", "fine"), ("update", "fine")]
    assert commands("resume", "--all") == Done(0, "SPACE/broken: not suspended\nSPACE/fine: not suspended\n", "")


def test_chosen_by_labels_in_all_namespaces(space: Space, tool: Tool) -> None:
    label = f"only-{space.name}"
    space.jwk("one", pasted())
    space.jwk("other", pasted())
    space.cluster.patch("JWK", space.name, "one", {"metadata": {"labels": {"team": label}}})
    done = tool("suspend", "-A", "-l", f"team={label}")
    assert done == Done(0, f"{space.name}/one: suspended\n", "")
    assert [jwk.spec["suspend"] for jwk in space.jwks().values()] == [True, False]


def test_nothing_to_do(space: Space, commands: Commands, tool: Tool) -> None:
    assert commands("suspend", "--all") == Done(0, "", "There are no JWKs in namespace SPACE.\n")
    assert commands("resume", "-l", "team=none") == Done(
        0, "", "There are no JWKs with labels team=none in namespace SPACE.\n"
    )
    done = tool("reconcile", "-A", "-l", "team=none")
    assert done == Done(0, "", "There are no JWKs with labels team=none in the cluster.\n")


ONE_OF = "give names of JWKs, or --all, or --selector; one of the three"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), ONE_OF),
        (("one", "--all"), ONE_OF),
        (("-A", "one"), "a name is one in a namespace; with --all-namespaces give --all or --selector"),
        (("one", "--timeout", "soon"), "must be a duration such as 30s, 10m or 1h30m"),
        (("one", "--timeout", "0s"), "must be a duration such as 30s or 10m, and not none at all"),
    ],
)
@pytest.mark.parametrize("command", ["reconcile", "suspend", "resume"])
def test_written_wrongly(offline: Tool, command: str, arguments: tuple[str, ...], says: str) -> None:
    done = offline(command, *arguments)
    assert (done.status, done.out) == (64, "")
    assert done.err.endswith(f"{says}\n")


def test_a_selector_that_is_none(commands: Commands) -> None:
    done = commands("suspend", "-l", "a b")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: 400 BadRequest: unable to parse requirement")


def test_without_a_cluster(offline: Tool) -> None:
    done = offline("reconcile", "one")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: no access to a cluster")


@pytest.mark.usefixtures("operator")
def test_on_a_terminal_an_outcome_has_a_colour(space: Space, tool: Tool) -> None:
    two(space)
    status, text = tool.on_terminal("reconcile", "fine", "-n", space.name, "--wait")
    assert status == 0
    assert text.endswith(f"\x1b[32m{space.name}/fine\x1b[0m: {DEPLOYED}\n")
    status, text = tool.on_terminal("reconcile", "fine", "-n", space.name, "--wait", NO_COLOR="1")
    assert text.endswith(f"\x1b[2K{space.name}/fine: {DEPLOYED}\n")


# --- beside tools that apply from Git -----------------------------------------------------------------------------

SERVER_SIDE = ("--server-side", "--field-manager=argocd-controller", "--force-conflicts")
OWNED = (
    "Warning: SPACE/key: spec.suspend stands in what {} applies, which will set it back; change it there, in Git for"
    " example\n"
)
APPLIED = [
    pytest.param((), "kubectl-client-side-apply", id="client-side"),
    pytest.param(SERVER_SIDE, "argocd-controller", id="server-side"),
]


def apply(space: Space, how: tuple[str, ...], manifest: Object) -> None:
    text = yaml.safe_dump(manifest)
    kubectl("-n", space.name, "apply", *how, "-f", "-", stdin=text, kubeconfig=space.cluster.plane.kubeconfig)


def differs(space: Space, how: tuple[str, ...], manifest: Object) -> str:
    command = ["kubectl", f"--kubeconfig={space.cluster.plane.kubeconfig}", "-n", space.name, "diff", *how, "-f", "-"]
    done = subprocess.run(command, input=yaml.safe_dump(manifest), capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


@pytest.mark.parametrize(("how", "manager"), APPLIED)
def test_nothing_written_is_a_difference_to_git(
    space: Space, commands: Commands, how: tuple[str, ...], manager: str
) -> None:
    in_git = space.object("JWK", "key", pasted())
    apply(space, how, in_git)
    assert commands("reconcile", "key").status == 0
    assert commands("suspend", "key") == Done(0, "SPACE/key: suspended\n", "")
    assert differs(space, how, in_git) == ""
    assert commands("resume", "key") == Done(0, "SPACE/key: resumed\n", "")
    assert differs(space, how, in_git) == ""
    fields = {item["manager"]: item["fieldsV1"] for item in space.get("key").metadata["managedFields"]}
    assert fields["jwk-operator-cli"]["f:spec"] == {"f:suspend": {}}
    assert f"f:{REQUESTED}" in fields["jwk-operator-cli"]["f:metadata"]["f:annotations"]


@pytest.mark.parametrize(("how", "manager"), APPLIED)
def test_who_has_the_field_in_git_is_warned_of(
    space: Space, commands: Commands, how: tuple[str, ...], manager: str
) -> None:
    in_git = space.object("JWK", "key", pasted(suspend=False))
    apply(space, how, in_git)
    assert commands("suspend", "key") == Done(0, "SPACE/key: suspended\n", OWNED.format(manager))
    in_git["spec"]["suspend"] = True
    apply(space, how, in_git)
    assert commands("resume", "key") == Done(0, "SPACE/key: resumed\n", OWNED.format(manager))


def test_what_is_being_deleted_leaves_its_jwk(
    space: Space, commands: Commands, operator: OperatorProcess, simulator: SimulatorProcess
) -> None:
    space.jwk("key", pasted())
    space.wait("key")
    operator.pause()
    try:
        space.delete("key")
        assert commands("suspend", "key") == Done(
            0,
            "SPACE/key: suspended\n",
            "Warning: SPACE/key: it is being deleted, and now leaves its JWK in Apinizer\n",
        )
    finally:
        operator.go_on()
    space.wait_gone("key")
    assert simulator.writes(space.project) == [("create", "key")]
