"""`jwk-operator keys new --output sealed`: Bitnami's own library opens it, and its CRD takes it."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from cli.tool import Tool
from gotools import find_tool
from gotools.crds import foreign_crds
from harness.cluster import Cluster
from install.support import kubectl
from jwk_operator.reconcile.keymaterial import inspect_key

CONTROLLER = rsa.generate_private_key(65537, 2048)
PEM = CONTROLLER.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def certificate(folder: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, days: int) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sealed-secrets")])
    last = datetime.now(UTC) + timedelta(days=days)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, last - timedelta(days=30), last)
    path = folder / "controller.pem"
    path.write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    return str(path)


def unsealed(sealed: str, label: str) -> subprocess.CompletedProcess[str]:
    asked = json.dumps({"sealed": sealed, "label": label, "key": PEM})
    command = [find_tool("sealedsecrets")]
    return subprocess.run(command, input=asked, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture(scope="module")
def taking(cluster: Cluster) -> Cluster:
    """The API server with the CRD of SealedSecrets."""
    cluster.install_crds(path for path in foreign_crds() if path.name == "bitnami.com_sealedsecrets.yaml")
    return cluster


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("scope", "namespace", "label", "annotations"),
    [
        ("strict", "default", "default/signing-key", None),
        ("namespace-wide", "default", "default", {"sealedsecrets.bitnami.com/namespace-wide": "true"}),
        ("cluster-wide", None, "", {"sealedsecrets.bitnami.com/cluster-wide": "true"}),
    ],
)
def test_the_controller_can_open_it(
    offline: Tool, taking: Cluster, scope: str, namespace: str | None, label: str, annotations: dict[str, str] | None
) -> None:
    place = ("-n", namespace) if namespace else ()
    seal = ("--output", "sealed", "--cert", certificate(offline.folder, CONTROLLER, 10), "--scope", scope)
    done = offline("keys", "new", "--type", "OKP", "--kid", "a", "--name", "signing-key", *place, *seal)
    assert done.status == 0
    manifest = yaml.safe_load(done.out)
    sealed = manifest["spec"]["encryptedData"].pop("jwk.json")
    metadata = {"name": "signing-key", **({"namespace": namespace} if namespace else {})}
    metadata |= {"annotations": annotations} if annotations else {}  # type: ignore[dict-item]
    assert manifest == {
        "apiVersion": "bitnami.com/v1alpha1",
        "kind": "SealedSecret",
        "metadata": metadata,
        "spec": {"encryptedData": {}, "template": {"metadata": metadata, "type": "Opaque"}},
    }
    opened = unsealed(sealed, label)
    assert (opened.returncode, opened.stderr) == (0, "")
    key = json.loads(opened.stdout)
    assert inspect_key(opened.stdout, "a").kid == "a"
    assert key["d"] not in done.out + done.err
    assert unsealed(sealed, "default/another").returncode == 1
    kubectl(
        *("apply", "--dry-run=server", "--validate=strict", "-n", "default", "-f", "-"),
        stdin=done.out,
        kubeconfig=taking.plane.kubeconfig,
    )


def test_it_may_be_seen_on_a_terminal(offline: Tool) -> None:
    seal = ("--output", "sealed", "--cert", certificate(offline.folder, CONTROLLER, 10), "--scope", "cluster-wide")
    status, text = offline.on_terminal("keys", "new", "--type", "EC", "--name", "a", *seal)
    assert status == 0
    assert "kind: SealedSecret\n" in text


@pytest.mark.parametrize(
    ("key", "days", "says"),
    [
        (CONTROLLER, -1, "expired at "),
        (ec.generate_private_key(ec.SECP256R1()), 10, "has no RSA key, so it is not the controller's; fetch it anew"),
    ],
)
def test_certificates_that_do_not_do(
    offline: Tool, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, days: int, says: str
) -> None:
    path = certificate(offline.folder, key, days)
    done = offline("keys", "new", "--type", "EC", "-o", "sealed", "--cert", path, "--name", "a", "-n", "b")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"Error: {path} {says}")
    assert done.err.endswith("fetch it anew: kubeseal --fetch-cert\n")
