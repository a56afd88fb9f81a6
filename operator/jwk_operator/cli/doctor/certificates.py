"""What a manager's certificate says, and what of it is a problem. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509

from jwk_operator.cli.doctor.findings import Finding, failed, ok, some, warning

_SOON = timedelta(days=30)
_LONGEST = 200
_EXPIRED, _SELF_SIGNED, _HOST, _ADDRESS = 10, 18, 62, 64
"""Codes of OpenSSL (X509_V_ERR_)."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is shown of a certificate."""

    subject: str
    issuer: str
    begins: datetime
    ends: datetime
    names: tuple[str, ...]

    def __str__(self) -> str:
        by = "itself" if self.subject == self.issuer else self.issuer
        names = f" for {some(self.names)}" if self.names else ""
        return f"{self.subject or 'without a subject'}{names}, signed by {by}, valid until {self.ends:%Y-%m-%d}"


def read_certificate(der: bytes) -> Certificate | None:
    """Read a certificate; None for what is none."""
    try:
        found = x509.load_der_x509_certificate(der)
        return Certificate(
            found.subject.rfc4514_string()[:_LONGEST],
            found.issuer.rfc4514_string()[:_LONGEST],
            found.not_valid_before_utc,
            found.not_valid_after_utc,
            _names(found),
        )
    except ValueError:
        return None


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))


@dataclass(frozen=True, slots=True)
class Handshake:
    """What came of a TLS handshake: the chain that the server sent, its own certificate first, and why it is refused.

    `code` is OpenSSL's reason, None when the certificate was accepted.
    """

    host: str
    chain: tuple[Certificate, ...]
    code: int | None = None
    why: str = ""


def judge_certificate(handshake: Handshake, now: datetime, *, own_ca: bool, unchecked: bool) -> list[Finding]:
    """Say whether the certificate is accepted and for how long; `own_ca`: whether spec.tls.caRef says who is trusted.

    `unchecked`: whether spec.tls.insecureSkipVerify accepts any certificate.
    """
    first = str(handshake.chain[0]) if handshake.chain else "no certificate that can be read"
    if handshake.code is not None:
        return [failed("TLS", f"{handshake.why} ({first})", _remedy(handshake, own_ca=own_ca))]
    chain = ", ".join([first, *(f"then {item.subject}" for item in handshake.chain[1:])])
    found = [_validity(handshake, chain, now)]
    if unchecked:
        told = "take insecureSkipVerify out, and name the authority in spec.tls.caRef"
        found.append(warning("verification", "spec.tls.insecureSkipVerify accepts any certificate", told))
    return found


def _validity(handshake: Handshake, chain: str, now: datetime) -> Finding:
    ending = min(handshake.chain, key=lambda item: item.ends, default=None)
    if ending is None or ending.ends - now > _SOON:
        return ok("TLS", chain)
    which = "" if ending is handshake.chain[0] else f" of {ending.subject}"
    days = (ending.ends.astimezone(UTC) - now).days
    when = f"ends in {days} days" if days > 1 else "ends in less than two days" if ending.ends > now else "has ended"
    told = "have whoever runs the manager renew the certificate"
    return warning("TLS", f"{chain}; the certificate{which} {when}", told)


def _remedy(handshake: Handshake, *, own_ca: bool) -> str:
    if handshake.code == _EXPIRED:
        return "have whoever runs the manager renew the certificate; until then no JWK of this connection changes"
    if handshake.code in (_HOST, _ADDRESS):
        names = some(handshake.chain[0].names) if handshake.chain else ""
        told = f" ({names})" if names else ""
        return f"set spec.baseUrl to a name that is in the certificate{told}, or have one issued for {handshake.host}"
    if own_ca:
        return "put the certificate of the authority that signed it into what spec.tls.caRef names"
    what = "the certificate itself" if handshake.code == _SELF_SIGNED else "the certificate of the authority"
    return f"put {what} into a ConfigMap or Secret and name that in spec.tls.caRef"
