"""A certificate authority of one's own, with a certificate for 127.0.0.1."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Authority:
    """Files: the authority's certificate, and a server's certificate and key."""

    ca: Path
    certificate: Path
    key: Path


def make_authority(folder: Path, name: str, *, expired: bool = False) -> Authority:
    """Make an authority and a certificate that it signed for 127.0.0.1, which may be over."""
    authority_key, server_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _name(name)
    authority = (
        _builder(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, SHA256())
    )
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    server = (
        _builder(_name("apinizer"), issuer, server_key, hours=-0.5 if expired else 24)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, SHA256())
    )
    return _written(folder, name, authority, server, server_key)


def make_self_signed(folder: Path) -> Authority:
    """Make a certificate for 127.0.0.1 that nobody but itself signed."""
    key, name = ec.generate_private_key(ec.SECP256R1()), _name("apinizer")
    addresses = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = _builder(name, name, key)
    certificate = builder.add_extension(x509.SubjectAlternativeName(addresses), critical=False).sign(key, SHA256())
    return _written(folder, "self", certificate, certificate, key)


def _written(
    folder: Path, name: str, authority: x509.Certificate, server: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> Authority:
    files = Authority(folder / f"{name}.crt", folder / "server.crt", folder / "server.key")
    files.ca.write_bytes(authority.public_bytes(Encoding.PEM))
    files.certificate.write_bytes(server.public_bytes(Encoding.PEM))
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, hours: float = 24
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=hours))
    )
