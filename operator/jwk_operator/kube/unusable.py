"""Why a kubeconfig cannot be used, in one line: what the official client says is often none, or a type of Python."""

from __future__ import annotations

import logging
import os
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import yaml

_MISSING = re.compile(r"Expected object with name (?P<name>.*) in (?P<file>.*)/(?P<kind>\w+?)s list")
_INVALID = "Invalid kube-config file. "
_NOTHING = "No configuration found"


class UnusableError(ValueError):
    """The kubeconfig lacks what is needed; the text says what."""


@contextmanager
def errors_of_plugin() -> Iterator[list[str]]:
    """Collect what the official client logs where it does not raise: the failures of a login's plug-in."""
    told, thread = list[str](), threading.get_ident()

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.module == "kube_config" and record.thread == thread and record.levelno >= logging.ERROR:
                told.append(record.getMessage())

    collector = Collector()
    logging.root.addHandler(collector)
    try:
        yield told
    finally:
        logging.root.removeHandler(collector)


def in_one_line(text: str) -> str:
    """Return a text without line breaks, and without the sign that stands before a remedy."""
    return " ".join(text.split()).replace("; ", ", ")


def why_unusable(error: BaseException) -> str:
    """Say what an exception from loading a kubeconfig means."""
    match error:
        case yaml.YAMLError():
            mark = getattr(error, "problem_mark", None)
            return f"the kubeconfig is no YAML, see its line {mark.line + 1}" if mark else "the kubeconfig is no YAML"
        case UnicodeDecodeError():
            return "the kubeconfig is no text"
        case ssl.SSLError():
            return "a certificate or key in the kubeconfig cannot be read"
        case OSError():
            return in_one_line(f"{error.filename or 'the kubeconfig'}: {error.strerror or error}")
        case UnusableError():
            return str(error)
    return _of_client(str(error)) if type(error).__name__ == "ConfigException" else "the kubeconfig is none"


def _of_client(text: str) -> str:
    """Return what the client's own error means."""
    if _NOTHING in text:
        return f"{os.environ.get('KUBECONFIG') or '~/.kube/config'} is not there, or empty"
    missing = _MISSING.search(text)
    if missing:
        return f"{missing['file']} has no {missing['kind']} named {missing['name']}"
    return in_one_line(text.removeprefix(_INVALID))
