"""The findings, as people and programs read them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from jwk_operator.cli import terminal
from jwk_operator.cli.doctor.findings import Level, Section
from jwk_operator.cli.wording import printable

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.FAILED: "bold red", Level.SKIPPED: "dim"}


def show_text(sections: Sequence[Section]) -> None:
    """Print a table for each section, and how many findings there are of each level."""
    from rich.text import Text

    widest = max((len(finding.check) for section in sections for finding in section.findings), default=0)
    for section in sections:
        terminal.show(Text(section.title, style="bold"))
        table = terminal.table("", "", "")
        table.show_header = False
        table.columns[0].min_width, table.columns[1].min_width = len(Level.WARNING), widest
        for finding in section.findings:
            remedy = f" → {finding.remedy}" if finding.remedy else ""
            table.add_row(
                Text(finding.level, style=_STYLES[finding.level]),
                Text(finding.check),
                Text(printable(finding.text + remedy)),
            )
        terminal.show(table, "")
    terminal.show(Text(_summary(sections)))


def _summary(sections: Iterable[Section]) -> str:
    counted = Counter(finding.level for section in sections for finding in section.findings)
    return ", ".join(f"{counted[level]} {level}" for level in Level if counted[level])


def as_json(sections: Sequence[Section]) -> str:
    """Return the findings as one JSON document."""
    findings = [
        {
            "about": section.title,
            "check": finding.check,
            "result": finding.level.value,
            "text": finding.text,
            "remedy": finding.remedy,
        }
        for section in sections
        for finding in section.findings
    ]
    counted = Counter(item["result"] for item in findings)
    return json.dumps({"findings": findings, "summary": {level.value: counted[level] for level in Level}}, indent=2)
