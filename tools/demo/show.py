"""Everything that the demo prints, apart from its stages: outcomes, the table, one status, and what to try."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demo.cluster import Cluster
from demo.outcomes import Expected, Outcome
from demo.scenario import FAILING, SHOWN

_WIDTH = 120
_NAME_WIDTH = 32
_REASON_WIDTH = 19


def say(text: str = "") -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)


def say_outcome(expected: Expected, outcome: Outcome) -> None:
    """Print one line for a JWK that has settled, and for one that is not ready the operator's reason below it."""
    mark = "ready" if outcome.ready == "True" else "not ready"
    say(f"      {expected.namespace + '/' + expected.name:{_NAME_WIDTH}}{outcome.reason:{_REASON_WIDTH}}{mark}")
    if outcome.ready != "True":
        say(textwrap.fill(outcome.message, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8))


class View:
    """The table and one status: by kubectl where it is at hand, else by the API server itself."""

    def __init__(self, cluster: Cluster, kubeconfig: Path) -> None:
        self._cluster = cluster
        self._kubeconfig = kubeconfig
        self._program = shutil.which("kubectl")
        self.prompt = "$" if self._program else "Without kubectl on the PATH, but as in"

    def table(self) -> str:
        """Return what ``kubectl get jwk -A`` prints."""
        return self._kubectl("get", "jwk", "-A") or self._cluster.table()

    def status(self) -> str:
        """Return the status of the JWK that is shown in full."""
        described = self._kubectl("describe", "jwk", "-n", SHOWN.namespace, SHOWN.name)
        head, found, rest = (described or "").partition("\nStatus:")
        if head and found:
            return f"Status:{rest}"
        return "\n".join(render_status(self._cluster.jwk(SHOWN.namespace, SHOWN.name)["status"]))

    def _kubectl(self, *arguments: str) -> str | None:
        """Return what kubectl prints; None where it is missing or does not work."""
        if self._program is None:
            return None
        cache = f"--cache-dir={self._kubeconfig.with_name('kubectl-cache')}"  # by default it is left in the home folder
        environment = {**os.environ, "KUBECONFIG": str(self._kubeconfig), "NO_PROXY": "127.0.0.1"}
        command = [self._program, cache, *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=30)
        return done.stdout.rstrip() if done.returncode == 0 else None


def render_status(status: dict[str, Any]) -> Iterator[str]:
    """Render what matters in a status: conditions, the remote JWK, and each environment."""
    yield "Conditions:"
    for item in status.get("conditions", []):
        yield _wrapped(f"  {item['type']:13}{item['status']:7}{item['reason']:18}", item.get("message", ""))
    remote = status.get("remote", {})
    yield f"Remote:         {remote.get('name')} in {remote.get('projectName')}, kid {remote.get('kid')}"
    yield f"Environments:   {status.get('environments')}"
    for item in status.get("deploymentResult", {}).get("environmentResults", []):
        outcome = "ok" if item["success"] else "failed"
        yield _wrapped(f"  {item['environmentName']:13}{outcome:8}", item.get("message", ""))


def _wrapped(start: str, text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=start, subsequent_indent=" " * len(start)) if text else start


def say_what_to_try(kubeconfig: Path, manager: str) -> None:
    """Print how to look around, and how to let the operator repair what failed."""
    name = f"-n {SHOWN.namespace} {SHOWN.name}"
    say(f"""
The demo keeps running. In another terminal:

  export KUBECONFIG={kubeconfig}
  kubectl get jwk -A -o wide
  kubectl explain jwk.spec

{FAILING} is in order again. Let the operator deploy there what failed:

  kubectl patch jwk {name} --type merge -p '{{"spec": {{"redeployPolicy": "Auto"}}}}'
  kubectl get jwk {name}

Delete a JWK, here and in Apinizer, and see what the simulated Apinizer has:

  kubectl delete jwk -n {SHOWN.namespace} from-text
  curl {manager}/_simulator/jwks

Operator's log: {kubeconfig.with_name("operator.log")}

Ctrl-C ends the demo and removes everything.""")
