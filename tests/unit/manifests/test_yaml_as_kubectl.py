"""YAML means here what it means to kubectl, whose own reading is the measure."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from jwk_operator.manifests.documents import SyntaxProblemError, read_yaml

VALUES = (
    *("yes", "y", "on", "True", "tRUE", "OFF", "N", "'yes'", "!!str yes", "!!str", "!!bool yes", "!foo bar"),
    *("!!binary aGk=", "!!binary |\n    aG\n    k="),
    *("~", "", "Null", "NULL", '"null"', "nULL"),
    *("0777", "0o17", "0O7", "0o8", "1_000", "08", "0_7", "+12", "-0", "0x1F", "0X1f", "0x", "0b11", "-0b1", "-0x1f"),
    *("-017", "_1", "12345678901234567890123", "18446744073709551615", "9223372036854775808", "!!int 3", "!!float 3"),
    *(
        ".5",
        "1.0",
        "-.5e10",
        "1.",
        "+.5",
        "1e",
        ".",
        "1.5_0",
        "0.1e-7",
        "1e3",
        "1e21",
        "1e400",
        "5e-1",
        ".5_0",
        "._5",
        ".5_",
    ),
    *("100000000000000000000000.0", "1__0.5", ".inf1", "1,000", "=", "<<", "1e-400"),
    *("2024-01-01", "2024-01-01T00:00:00Z", "2024-01-01 10:00:00", "1:30", "12:30:45", "2024-1-1t1:2:3.5-07:00"),
    *("[a, ]", "[a, 1, ~]", "{a: 1, b: [x]}", "{? a : b}", "{1: a}", "{2.5: f}", "{yes: t}", "{0x10: h}", "{1e3: x}"),
    *(
        "{a: &x {b: c}, d: {<<: *x, e: f}}",
        "{a: z, <<: {a: b}}",
        "{<<: [{a: b}, {a: d, c: d}], a: z}",
        '{"<<": {a: b}}',
    ),
    *("!!set {a, b}", "!!omap [a: b]", '"\\x41\\u00e9\\U0001F600"', "|\n    a\n    b", ">-\n    a\n    b"),
    *("\ta", "a#b", "a # b", '{"a":1}', "&anchor", "|2\n     a", "'it''s'"),
)
REFUSED = (
    *("!!binary aGk", "!!binary -"),
    *(".inf", ".nan", "-.INF", "!!int a", "!!bool x", "!!null 3", "*unknown", "{a: 1", "%a", "@a", "`a", "a: b"),
    *('"\\q"', "{~: x}", "{[a]: b}", "{<<: a}", "&x [*x]", "]"),
)
HEAD = "apiVersion: v1\nkind: Any\nmetadata:\n  name: any\n"


def _kubectl(text: str) -> object:
    """Return the data that kubectl reads, or None when it refuses."""
    program = shutil.which("kubectl")
    assert program is not None, "these tests need kubectl on the PATH"
    command = [program, "annotate", "--local", "-f", "-", "-o", "json", "a=b"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    return json.loads(done.stdout, parse_int=_number)["data"] if done.returncode == 0 else None


def _number(text: str) -> int | float:
    """kubectl writes a number that is too large for 64 bits without its exponent."""
    return int(text) if -(2**63) <= int(text) < 2**63 else float(text)


def test_every_value_is_read_as_kubectl_reads_it() -> None:
    lines = "".join(f"  v{number}: {value}\n" for number, value in enumerate(VALUES))
    text = f"{HEAD}data:\n{lines}"
    ours, theirs = read_yaml(text).content["data"], _kubectl(text)
    assert isinstance(theirs, dict)
    differing = {
        VALUES[int(name[1:])]: (ours.get(name), value)
        for name, value in theirs.items()
        if repr(ours.get(name)) != repr(value)
    }
    assert differing == {}
    assert ours.keys() == theirs.keys()


@pytest.mark.parametrize("value", REFUSED)
def test_what_kubectl_refuses_is_refused(value: str) -> None:
    text = f"{HEAD}data:\n  x: {value}\n"
    assert _kubectl(text) is None
    with pytest.raises(SyntaxProblemError) as caught:
        read_yaml(text)
    assert caught.value.line in (6, 7)  # what is not closed is missed on the next line
