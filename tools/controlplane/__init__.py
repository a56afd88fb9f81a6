"""A real Kubernetes control plane (etcd, kube-apiserver, kube-controller-manager) for the demo, tests and benchmarks.

Processes on the loopback interface only; no kubelet and no containers. See `ControlPlane` for use from Python and
``python -m controlplane --help`` for use from a shell.
"""
