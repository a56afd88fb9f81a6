"""Addresses in one spelling, and why there was no answer."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import aiohttp
import httpx
import pytest

from jwk_operator.apinizer.client import retry_after
from jwk_operator.apinizer.limits import AnswerTooLargeError
from jwk_operator.apinizer.transport import TRANSPORT_ERRORS, Endpoint, explain

ENDPOINT = Endpoint("https://m.example/apiops")


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://m.example", "https://m.example"),
        ("https://m.example/", "https://m.example"),
        ("https://m.example/apiops", "https://m.example"),
        ("https://m.example/apiops/", "https://m.example"),
        ("https://m.example//apiops//", "https://m.example"),
        (" https://m.example ", "https://m.example"),
        ("HTTPS://M.Example/APIOPS", "https://m.example"),
        ("https://m.example:443", "https://m.example"),
        ("http://m.example:80/", "http://m.example"),
        ("http://m.example:443", "http://m.example:443"),
        ("https://m.example:8443/apiops", "https://m.example:8443"),
        ("http://10.0.0.1:32080", "http://10.0.0.1:32080"),
        ("http://[FD00::1]:8080/apiops", "http://[fd00::1]:8080"),
        ("https://[::1]:443", "https://[::1]"),
    ],
)
def test_address_has_one_spelling(url: str, address: str) -> None:
    assert Endpoint(url).address == address


def _certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("certificate verify failed: s3cr3t")
    error.verify_code = code
    return error


def _caused(outer: BaseException, inner: BaseException) -> BaseException:
    outer.__cause__ = inner
    return outer


def _connecting(error: OSError) -> aiohttp.ClientConnectorError:
    key: Any = None
    return aiohttp.ClientConnectorError(key, error)


CERTIFICATE = "the TLS certificate of https://m.example is not accepted: {}; check spec.tls of the connection"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (_certificate(10), CERTIFICATE.format("it has expired")),
        (_certificate(62), CERTIFICATE.format("it is for another host name")),
        (_certificate(64), CERTIFICATE.format("it is for another host name")),
        (_certificate(18), CERTIFICATE.format("it is self-signed")),
        (_certificate(20), CERTIFICATE.format("no trusted authority signed it")),
        (_caused(httpx.ConnectError("s3cr3t"), _certificate(10)), CERTIFICATE.format("it has expired")),
        (AnswerTooLargeError(), "https://m.example sent an answer that is larger than any the API can mean"),
        (
            _caused(httpx.ConnectError("s3cr3t"), _connecting(socket.gaierror(-2, "s3cr3t"))),
            "the host name of https://m.example cannot be resolved; check spec.baseUrl of the connection",
        ),
        (
            _caused(httpx.ConnectError(""), _connecting(ConnectionRefusedError())),
            "https://m.example refuses connections; check that it runs, and spec.baseUrl of the connection",
        ),
        (
            ConnectionRefusedError("s3cr3t"),
            "https://m.example refuses connections; check that it runs, and spec.baseUrl of the connection",
        ),
        (
            ssl.SSLError("s3cr3t"),
            "no TLS connection to https://m.example; check the scheme and port of spec.baseUrl of the connection",
        ),
        (TimeoutError("s3cr3t"), "https://m.example did not answer in time"),
        (httpx.ReadTimeout("s3cr3t"), "https://m.example did not answer in time"),
        (httpx.ConnectTimeout("s3cr3t"), "https://m.example did not answer in time"),
        (httpx.WriteTimeout("s3cr3t"), "https://m.example did not answer in time"),
        (httpx.PoolTimeout("s3cr3t"), "https://m.example did not answer in time"),
        (httpx.RemoteProtocolError("s3cr3t"), "https://m.example closed the connection before its answer was complete"),
        (ConnectionResetError("s3cr3t"), "https://m.example closed the connection before its answer was complete"),
        (
            aiohttp.ClientPayloadError("s3cr3t"),
            "https://m.example closed the connection before its answer was complete",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_explanation_of_a_missing_answer(error: BaseException, text: str) -> None:
    assert isinstance(error, TRANSPORT_ERRORS)
    assert explain(error, ENDPOINT) == text


def test_a_circle_of_causes_ends() -> None:
    first, second = OSError("a"), OSError("b")
    first.__cause__, second.__cause__ = second, first
    assert explain(first, ENDPOINT).startswith("https://m.example closed")


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        (None, None, 5.0),
        (None, {}, 5.0),
        ("7", None, 7.0),
        (None, {"retry_after": 9}, 9.0),
        ("7", {"retry_after": 9}, 9.0),
        ("11", {"retry_after": 9}, 11.0),
        ("1.5", {"retry_after": "2.5"}, 2.5),
        ("0", None, 0.0),
        ("-3", None, 5.0),
        ("nan", None, 5.0),
        ("inf", {"retry_after": 3}, 3.0),
        ("1e9", None, 3600.0),
        ("soon", {"retry_after": "later"}, 5.0),
        ("soon", {"retry_after": [1]}, 5.0),
        ("7", {"retry_after": None}, 7.0),
        ("Sat, 01 Jan 2000 00:00:00 GMT", {"retry_after": 9}, 9.0),
        ("Sat, 01 Jan 2000 00:00:00 GMT", None, 0.0),
        ("Fri, 31 Dec 9998 23:59:59 GMT", {"retry_after": 9}, 3600.0),
        ("Fri, 31 Dec 99998 23:59:59 GMT", None, 5.0),
    ],
)
def test_retry_after(header: str | None, body: dict[str, Any] | None, seconds: float) -> None:
    assert retry_after(header, body) == seconds
