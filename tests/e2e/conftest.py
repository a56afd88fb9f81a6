"""A cluster with the simulated Apinizer; the tests install the operator themselves, each in its way."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from e2e.backend import BACKEND, manifests
from e2e.target import Target, kubectl_proxy


@pytest.fixture(scope="session")
def target() -> Iterator[Target]:
    """The cluster, with a simulator that every test shares; it is removed in the end."""
    image = os.environ.get("JWK_OPERATOR_IMAGE")
    if not image or not os.environ.get("KUBECONFIG"):
        pytest.fail("set KUBECONFIG to a cluster and JWK_OPERATOR_IMAGE to an image that its nodes have or can pull")
    with kubectl_proxy() as http:
        target = Target(image, http)
        try:
            target.apply(*manifests(image))
            target.rolled_out(BACKEND, "simulator")
            yield target
        finally:
            target.kubectl("delete", "namespace", BACKEND, "--ignore-not-found", "--timeout=120s")


@pytest.fixture(autouse=True)
def _fresh_record(target: Target) -> None:
    """What Apinizer was asked before is no test's business."""
    target.control.clear_faults()
    target.control.clear_requests()
