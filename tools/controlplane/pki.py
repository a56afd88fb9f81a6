"""Keys and certificates of one control plane: elliptic curve keys, as these are made in an instant."""

from __future__ import annotations

import datetime
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVICE_RANGE = "10.96.0.0/16"
_SERVICE_IP = "10.96.0.1"
_DNS_NAMES = (
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
)
_LIFETIME = datetime.timedelta(days=3650)
_CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Authority:
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def ensure_pki(folder: Path) -> None:
    """Make all keys and certificates in ``folder``, unless a complete set is there already.

    Leaves ``ca.crt``, ``sa.key``, ``sa.pub`` and pairs ``NAME.crt``, ``NAME.key`` for apiserver, admin and
    controller-manager. The authority's own key is not kept.
    """
    complete = folder / "complete"
    if complete.exists():
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    authority = _make_authority()
    _write(folder / "ca.crt", authority.certificate.public_bytes(serialization.Encoding.PEM))
    addresses = [x509.IPAddress(ipaddress.ip_address(text)) for text in ("127.0.0.1", _SERVICE_IP)]
    names = x509.SubjectAlternativeName([*addresses, *(x509.DNSName(name) for name in _DNS_NAMES)])
    _issue(folder, authority, "apiserver", _name("kube-apiserver"), names)
    _issue(folder, authority, "admin", _name("admin", "system:masters"))
    _issue(folder, authority, "controller-manager", _name("system:kube-controller-manager"))
    accounts = ec.generate_private_key(ec.SECP256R1())
    _write(folder / "sa.key", _private_bytes(accounts))
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    _write(folder / "sa.pub", accounts.public_key().public_bytes(serialization.Encoding.PEM, form))
    complete.touch()


def _make_authority() -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("controlplane-ca")
    usage = _key_usage(authority=True)
    certificate = (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Authority(key, certificate)


def _issue(
    folder: Path,
    authority: _Authority,
    file_name: str,
    subject: x509.Name,
    server_names: x509.SubjectAlternativeName | None = None,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if server_names is None else ExtendedKeyUsageOID.SERVER_AUTH
    builder = (
        _builder(subject, authority.certificate.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()),
            critical=False,
        )
    )
    if server_names is not None:
        builder = builder.add_extension(server_names, critical=False)
    certificate = builder.sign(authority.key, hashes.SHA256())
    _write(folder / f"{file_name}.crt", certificate.public_bytes(serialization.Encoding.PEM))
    _write(folder / f"{file_name}.key", _private_bytes(key))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str, organization: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization is not None:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _private_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as handle:
        handle.write(content)
