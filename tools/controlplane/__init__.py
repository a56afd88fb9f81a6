"""A real Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager) for the demo, tests and benchmarks.

Processes on the loopback interface only; no kubelet and no containers. See `ControlPlane` for use from Python and
``python -m controlplane --help`` for use from a shell.
"""

from controlplane.binaries import BinariesError
from controlplane.errors import ControlPlaneError
from controlplane.plane import ControlPlane

__all__ = ["BinariesError", "ControlPlane", "ControlPlaneError"]
