"""The demo from its start to its end."""

from __future__ import annotations

import secrets
import shutil
import signal
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

from apinizer_simulator.control import SimulatorControl
from controlplane import ControlPlane
from controlplane.background import is_running
from controlplane.binaries import KUBERNETES_VERSION, find_binaries
from controlplane.supervisor import LOCK
from demo import acts, processes, scenario
from demo.cluster import Cluster
from demo.errors import DemoError
from demo.manifests import OVERLAY, ROOT, shipped
from demo.outcomes import Expected, Outcome
from demo.scenario import Addresses
from demo.show import View, say, say_outcome, say_what_to_try

ACCOUNT = ("jwk-operator-system", "jwk-operator")

_STAGES = 6
_SETTLING = 30.0
_ENDING = 3.0


class Demo:
    """One run. Everything that it starts or writes is gone when `run` returns, however it returns."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        self._folder = folder.absolute()
        self._keep = keep
        self._stack = ExitStack()
        self._children: list[processes.Child] = []
        self._stage = 0

    def run(self) -> int:
        """Run and return the exit status: 0 when everything came out as expected. Raises `DemoError`."""
        self._claim_folder()
        try:
            return self._run()
        finally:
            # a second Ctrl-C would leave things behind
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._stack.close()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self) -> int:
        say(
            "jwk-operator demo: a real Kubernetes API server, a simulated Apinizer, and the operator between the two.\n"
        )
        plane = self._start_control_plane()
        cluster = Cluster(self._stack.enter_context(plane.client()))
        addresses = self._start_apinizer(plane.dir)
        self._install(cluster)
        self._start_operator(plane)
        self._apply_examples(cluster, addresses)
        self._apply_problems(cluster, addresses)
        self._show(View(cluster, plane.kubeconfig))
        return self._conclude(cluster, plane.kubeconfig, addresses)

    def _claim_folder(self) -> None:
        """Make sure that nobody else uses the folder, and remove what a killed run has left in it."""
        folder = self._folder
        deadline = time.monotonic() + _ENDING  # what a killed run leaves behind needs a moment to end
        while is_running(folder) and time.monotonic() < deadline:
            time.sleep(0.1)
        if is_running(folder):
            raise DemoError(f"a demo runs in {folder} already; end it with Ctrl-C in its terminal")
        if not folder.exists():
            return
        if not folder.is_dir() or (any(folder.iterdir()) and not (folder / LOCK).exists()):
            raise DemoError(f"{folder} is not a demo's folder; choose another one with --dir, or remove it")
        shutil.rmtree(folder)

    def _next(self, text: str) -> None:
        self._stage += 1
        say(f"[{self._stage}/{_STAGES}] {text}")

    def _start_control_plane(self) -> ControlPlane:
        self._next(
            f"Starting Kubernetes {KUBERNETES_VERSION}: etcd, API server and controller manager, on this machine only."
        )
        find_binaries()
        return self._stack.enter_context(ControlPlane(self._folder))

    def _start_apinizer(self, folder: Path) -> Addresses:
        environments = ", ".join(scenario.ENVIRONMENTS)
        self._next(f"Starting the simulated Apinizer: project {scenario.PROJECT}, environments {environments}.")
        token = secrets.token_urlsafe(24)
        child, url = self._stack.enter_context(processes.simulator(folder, acts.seed(token)))
        self._children.append(child)
        keyset = self._stack.enter_context(processes.web_server(acts.keyset()))
        return Addresses(url, keyset, token)

    def _install(self, cluster: Cluster) -> None:
        self._next(f"Installing CRDs, ServiceAccount and RBAC from {OVERLAY.relative_to(ROOT)}.")
        cluster.apply(shipped())
        cluster.await_crds(self._check_children)

    def _start_operator(self, plane: ControlPlane) -> None:
        self._next("Starting the operator with that ServiceAccount's token and no other right.")
        kubeconfig = plane.kubeconfig_for_serviceaccount(*ACCOUNT)
        self._children.append(self._stack.enter_context(processes.operator(plane.dir, kubeconfig)))

    def _apply_examples(self, cluster: Cluster, addresses: Addresses) -> None:
        self._next("Applying examples/: two connections, and a JWK for each source type.")
        self._tell(acts.deploy_examples(cluster, addresses, _SETTLING, self._check_children))

    def _apply_problems(self, cluster: Cluster, addresses: Addresses) -> None:
        failing = f"{scenario.FAILING} is out of order, a certificate does not exist, a name is taken"
        self._next(f"Applying three JWKs that cannot work: {failing}.")
        control = SimulatorControl(addresses.manager)
        self._tell(acts.cause_problems(cluster, control, _SETTLING, self._check_children))
        # whoever plays on makes keys that get everywhere; what has failed stays so, by its redeployPolicy
        control.fail_environment(scenario.PROJECT, scenario.FAILING, failing=False)

    def _tell(self, settled: Iterable[tuple[Expected, Outcome]]) -> None:
        for item, outcome in settled:
            say_outcome(item, outcome)

    def _check_children(self) -> None:
        for child in self._children:
            child.check()

    def _show(self, view: View) -> None:
        say(f"\n{view.prompt} kubectl get jwk -A\n{view.table()}\n")
        say(f"{view.prompt} kubectl describe jwk -n {scenario.SHOWN.namespace} {scenario.SHOWN.name}   (its status)")
        say(f"{view.status()}\n")

    def _conclude(self, cluster: Cluster, kubeconfig: Path, addresses: Addresses) -> int:
        wrong = acts.conclude(cluster)
        for line in wrong:
            say(f"DIFFERENT  {line}")
        if wrong:
            say(f"\nThe end of the operator's log:\n{self._children[-1].tail()}\n")
        else:
            good, bad = len(scenario.GOOD), len(scenario.BAD)
            say(f"All {good} examples are deployed; the {bad} others are not, and say why.")
        say(scenario.ABOUT_AUTO)
        if self._keep:
            say_what_to_try(kubeconfig, addresses.manager)
            self._stay()
        else:
            say("\nTo play on with all this: make demo KEEP=1")
        return 1 if wrong else 0

    def _stay(self) -> None:
        try:
            while True:
                self._check_children()
                time.sleep(1)
        except KeyboardInterrupt:
            say("\nEnding the demo.")
