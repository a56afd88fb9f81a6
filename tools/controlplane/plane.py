"""The control plane as one object."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from controlplane import components
from controlplane.access import Access
from controlplane.binaries import Binaries, find_binaries
from controlplane.errors import ControlPlaneError
from controlplane.pki import ensure_pki
from controlplane.ports import free_port
from controlplane.supervised import Supervised
from controlplane.supervisor import LOCK

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

STATE = "state.json"
DEFAULT_ACCOUNT = "/api/v1/namespaces/default/serviceaccounts/default"

_POLL = 0.05
_GRACE = 20.0
_PORT_TRIES = 5
_PORT_TAKEN = "address already in use"
_TOKEN_LIFETIME = 24 * 3600
_LOG_LINES = 12


class ControlPlane:
    """A running control plane, to be used with ``with``.

    With a ``root`` folder its state is kept there and a later start on the same folder goes on with it (objects, keys,
    and the port if that is still free); without one everything is in a temporary folder that is gone after the end.
    With ``audit`` each request leaves one line in `audit_log`. ``timeout`` limits each wait for a component in seconds;
    ``progress`` gets a word on each step. All processes end with this one, even if it is killed with SIGKILL.

    Starting raises `ControlPlaneError` when a component does not get ready (with the end of its log), when ``root`` is
    in use or is a folder of something else, and `BinariesError` when the binaries are not there and cannot be built.
    """

    def __init__(
        self,
        root: Path | None = None,
        audit: bool = False,
        *,
        timeout: float = 90.0,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self._root = None if root is None else root.absolute()
        self._audit = audit
        self._timeout = timeout
        self._progress = progress or (lambda _: None)
        self._supervised: Supervised | None = None
        self._access: Access | None = None
        self._binaries: Binaries | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def dir(self) -> Path:
        """The folder with all files: keys, logs (``log/COMPONENT.log``), store."""
        return self._running().folder

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig file, which needs no other file."""
        return self.dir / "kubeconfig"

    @property
    def ca(self) -> Path:
        """The certificate of the authority that signed the server's certificate."""
        return self.dir / "pki" / "ca.crt"

    @property
    def audit_log(self) -> Path | None:
        """The audit log (JSON lines), or None without audit."""
        return self.dir / "audit.log" if self._audit else None

    @property
    def server(self) -> str:
        """The API server's URL; it stays the same through restarts of the API server."""
        return self._reach().server

    def start(self) -> None:
        """Start all components and return when they are ready; the ``with`` statement calls this."""
        if self._supervised is not None:
            raise ControlPlaneError("this control plane is running already")
        _check_root(self._root)
        self._binaries = find_binaries()
        self._supervised = Supervised(self._root)
        try:
            self._start_all(self._supervised.folder, self._binaries)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all processes, and remove the folder if it is a temporary one. Does nothing when nothing runs."""
        supervised, self._supervised, self._access = self._supervised, None, None
        if supervised is not None:
            supervised.close()

    def detach(self) -> None:
        """Leave the control plane running after this process, for `controlplane.background.down` to end.

        This object is of no more use then.
        """
        self._running().detach()
        self._supervised = self._access = None

    def stop_apiserver(self, graceful: bool = True) -> None:
        """Stop the API server with SIGTERM (SIGKILL if that does not end it in 20 s), or at once with SIGKILL."""
        self._running().end(components.APISERVER, _GRACE if graceful else 0)

    def start_apiserver(self, wait: bool = True) -> None:
        """Start the stopped API server on the same port, and wait until it is ready unless told not to.

        Raises `ControlPlaneError` when it runs already or does not get ready.
        """
        if self._running().returncode(components.APISERVER) is None:
            raise ControlPlaneError("the API server is running already")
        self._launch_apiserver()
        if wait:
            self._await(components.APISERVER, "/readyz")

    def restart_apiserver(self, graceful: bool = True) -> None:
        """Stop the API server as `stop_apiserver` does, start it again and wait until it is ready."""
        self.stop_apiserver(graceful)
        self.start_apiserver()

    def kubeconfig_for_serviceaccount(self, namespace: str, name: str, path: Path | None = None) -> Path:
        """Write a kubeconfig that holds nothing but a token of the service account and the authority; return its path.

        The token is requested from the API server and is valid for a day. Without a ``path`` the file lies in `dir`.
        Raises `ControlPlaneError` when the server refuses, for example as there is no such service account.
        """
        access = self._reach()
        url = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        spec = {"expirationSeconds": _TOKEN_LIFETIME}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        try:
            status, content = access.request("POST", url, body)
            answer = json.loads(content)
        except (OSError, ValueError) as error:
            raise ControlPlaneError(f"no token for {namespace}/{name}: {error}") from error
        if status != HTTPStatus.CREATED:
            raise ControlPlaneError(f"no token for {namespace}/{name}: {answer.get('message', status)}")
        target = path or self.dir / f"serviceaccount-{namespace}-{name}.kubeconfig"
        access.write_kubeconfig(target, {"token": answer["status"]["token"]})
        return target

    def client(self) -> ApiClient:
        """Return a client of the package ``kubernetes`` with the administrator's rights; the caller closes it."""
        # here, as the package takes half a second that other users of this module need not pay
        from kubernetes.client import ApiClient, Configuration

        # from files, not from the kubeconfig: the package would copy its keys into files that a crash leaves behind
        configuration = Configuration(host=self.server, ssl_ca_cert=str(self.ca))
        configuration.cert_file = str(self.dir / "pki" / "admin.crt")
        configuration.key_file = str(self.dir / "pki" / "admin.key")
        configuration.proxy = None  # the package would send requests for 127.0.0.1 to the proxy of the environment
        return ApiClient(configuration)

    def _running(self) -> Supervised:
        if self._supervised is None:
            raise ControlPlaneError("the control plane is not running")
        return self._supervised

    def _reach(self) -> Access:
        if self._access is None:
            raise ControlPlaneError("the control plane is not running")
        return self._access

    def _start_all(self, folder: Path, binaries: Binaries) -> None:
        self._progress("etcd")
        self._running().start(components.ETCD, components.etcd_command(binaries))
        ensure_pki(folder / "pki")
        if self._audit:
            components.write_audit_policy(folder)
        self._progress("kube-apiserver")
        self._start_apiserver_on_free_port(folder)
        access = self._reach()
        access.write_kubeconfig(folder / "controller-manager.kubeconfig", access.certificate_user("controller-manager"))
        self._progress("kube-controller-manager")
        # not before the API server is ready: it gives up when it meets one that has no roles yet
        command = components.controller_manager_command(binaries)
        self._running().start(components.CONTROLLER_MANAGER, command)
        self._await(components.CONTROLLER_MANAGER, DEFAULT_ACCOUNT)
        access.write_kubeconfig(folder / "kubeconfig", access.certificate_user("admin"))

    def _start_apiserver_on_free_port(self, folder: Path) -> None:
        port = read_state(folder).get("port") or free_port()
        for remaining in reversed(range(_PORT_TRIES)):
            self._access = Access(port, folder / "pki")
            (folder / STATE).write_text(json.dumps({"port": port, "audit": self._audit}))
            self._launch_apiserver()
            try:
                self._await(components.APISERVER, "/readyz")
            except ControlPlaneError as error:
                if remaining == 0 or _PORT_TAKEN not in str(error):
                    raise
                port = free_port()
            else:
                return

    def _launch_apiserver(self) -> None:
        if self._binaries is None:
            raise ControlPlaneError("the control plane is not running")
        command = components.apiserver_command(self._binaries, self._reach().port, audit=self._audit)
        self._running().start(components.APISERVER, command)

    def _await(self, name: str, path: str) -> None:
        """Wait until the API server answers the path with 200, as long as etcd and the named component run."""
        deadline = time.monotonic() + self._timeout
        while not self._reach().answers_ok(path):
            for component in (components.ETCD, name):
                code = self._running().returncode(component)
                if code is not None:
                    raise ControlPlaneError(f"{component} ended with {code}{self._log_tail(component)}")
            if time.monotonic() > deadline:
                raise ControlPlaneError(f"{name} is not ready after {self._timeout:.0f} s{self._log_tail(name)}")
            time.sleep(_POLL)

    def _log_tail(self, component: str) -> str:
        lines = (self.dir / "log" / f"{component}.log").read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "; the end of its log:" + "".join(f"\n  {line[:300]}" for line in lines)


def read_state(folder: Path) -> dict[str, Any]:
    """Return what the last start on the folder noted down: port and audit; empty when there was none."""
    try:
        state: dict[str, Any] = json.loads((folder / STATE).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return state


def _check_root(root: Path | None) -> None:
    if root is None or not root.exists():
        return
    if not root.is_dir():
        raise ControlPlaneError(f"{root} is not a folder")
    if not (root / LOCK).exists() and any(root.iterdir()):
        raise ControlPlaneError(f"{root} is neither empty nor a control plane's folder")
