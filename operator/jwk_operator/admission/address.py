"""URLs as Go's net/url reads them, which the rules' isURL() and url() rest on."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_PORT = re.compile(r"(:[0-9]*)?")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST = re.compile(r"""(?:[A-Za-z0-9_.~!$&'()*+,;=:\[\]<>"-]|[^\x00-\x7f]|%25|%[89A-Fa-f][0-9A-Fa-f])*""")
_ZONE = re.compile(r"""(?:[A-Za-z0-9_.~!$&'()*+,;=:\[\]<>"-]|[^\x00-\x7f]|%[0-9A-Fa-f]{2})*""")
_UNESCAPED_IN_PATH = re.compile(rb"[A-Za-z0-9$&+,/:;=@_.~!'()*-]")
_PATH_AS_IS = re.compile(r"(?:[A-Za-z0-9$&+,/:;=@_.~!'()*\[\]-]|%[0-9A-Fa-f]{2})*")


@dataclass(frozen=True, slots=True)
class Address:
    """What the rules ask of a URL."""

    scheme: str
    host: str
    escaped_path: str

    @property
    def hostname(self) -> str:
        """Return the host without its port and without the brackets around an IPv6 address."""
        host = self.host
        name, colon, port = host.rpartition(":")
        if colon and _PORT.fullmatch(colon + port):
            host = name
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def parse_request_uri(text: str) -> Address:
    """Read an absolute URI or an absolute path. Raises ValueError for anything else."""
    return _parse(text, via_request=True)


def parse(text: str) -> Address:
    """Read a URL or a relative reference; its fragment is cut off first. Raises ValueError."""
    url, _, fragment = text.partition("#")
    address = _parse(url, via_request=False)
    if _BAD_ESCAPE.search(fragment):
        raise ValueError("invalid URL escape")
    return address


def _parse(text: str, *, via_request: bool) -> Address:
    if _CONTROL.search(text) or (via_request and not text):
        raise ValueError("invalid control character in URL, or none at all")
    if text == "*":
        return Address("", "", "*")
    if text.startswith(":"):
        raise ValueError("missing protocol scheme")
    found = _SCHEME.fullmatch(text)
    scheme, rest = (found[1].lower(), found[2]) if found else ("", text)
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        return _rootless(scheme, rest, via_request)
    host = ""
    if (scheme or (not via_request and not rest.startswith("///"))) and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        host, rest = _host(scheme, authority), slash + path
    if _BAD_ESCAPE.search(rest):
        raise ValueError("invalid URL escape")
    return Address(scheme, host, _escaped(rest))


def _rootless(scheme: str, rest: str, via_request: bool) -> Address:
    if scheme:
        return Address(scheme, "", "")
    if via_request or ":" in rest.partition("/")[0]:
        raise ValueError("invalid URI for request")
    if _BAD_ESCAPE.search(rest):
        raise ValueError("invalid URL escape")
    return Address("", "", _escaped(rest))


def _host(scheme: str, authority: str) -> str:
    user, at, host = authority.rpartition("@")
    if at and (not _USER.fullmatch(user) or _BAD_ESCAPE.search(user)):
        raise ValueError("invalid userinfo")
    bracket = host.rfind("[")
    if bracket > 0:
        raise ValueError("invalid IP-literal")
    if bracket == 0:
        return _literal(host)
    first = host.find(":")
    at_port = first if scheme in ("http", "https") else host.rfind(":")
    if first != -1 and not _PORT.fullmatch(host[at_port:]):
        raise ValueError("invalid port after host")
    if not _HOST.fullmatch(host):
        raise ValueError("invalid character in host name")
    return _unescaped(host)


def _literal(host: str) -> str:
    name, bracket, port = host[1:].rpartition("]")
    if not bracket or not _PORT.fullmatch(port):
        raise ValueError("missing ']' in host, or an invalid port after it")
    at_zone = name.find("%25")
    plain, zone = (name, "") if at_zone < 0 else (name[:at_zone], name[at_zone:])
    if not _HOST.fullmatch(plain) or not _ZONE.fullmatch(zone) or not _zone_is_sane(zone):
        raise ValueError("invalid character in host name")
    unescaped = _unescaped(name)
    try:
        parsed = ipaddress.IPv6Address(unescaped)
    except ipaddress.AddressValueError:
        raise ValueError("invalid host") from None
    if "%" in unescaped and parsed.ipv4_mapped is not None:
        raise ValueError("invalid host")  # an IPv4 address has no zone
    return f"[{unescaped}]{port}"


def _zone_is_sane(zone: str) -> bool:
    """Only what could be written without the escape is escaped in a zone, and blanks, and the sign itself."""
    escapes = re.findall("%([0-9A-Fa-f]{2})", zone)
    characters = [chr(int(escape, 16)) for escape in escapes]
    return all(character in "% " or (ord(character) < 0x80 and _HOST.fullmatch(character)) for character in characters)


def _unescaped(text: str) -> str:
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "surrogatepass"))
    return raw.decode("utf-8", "surrogateescape")


def _escaped(path: str) -> str:
    """Return a path as it stands if it is escaped soundly, else as Go would escape it."""
    if _PATH_AS_IS.fullmatch(path):
        return path
    raw = _unescaped(path).encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if _UNESCAPED_IN_PATH.fullmatch(bytes([byte])) else f"%{byte:02X}" for byte in raw)
