"""Label selectors: in the words of metav1.LabelSelector, and as one line as kubectl and the API server take them."""

from __future__ import annotations

import re

from jwk_operator.api.connection import LabelSelector, LabelSelectorRequirement

_NAME = r"(?:[A-Za-z0-9.-]+/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
_VALUE = r"(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?"
_PART = re.compile(
    rf"\s*(?:(?P<absent>!)\s*(?P<missing>{_NAME})"
    rf"|(?P<key>{_NAME})(?:\s*(?P<sign>==|=|!=)\s*(?P<value>{_VALUE})"
    rf"|\s+(?P<set>in|notin)\s*\((?P<values>\s*{_VALUE}\s*(?:,\s*{_VALUE}\s*)*)\))?)\s*(?:,|$)"
)


def parse_selector(text: str) -> LabelSelector:
    """Read a selector such as `team=blue,tier in (a, b),!legacy`. Raises ValueError that names what cannot be read."""
    requirements: list[LabelSelectorRequirement] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None:
            raise ValueError(f"{text[at:]!r} is no requirement of a label selector, such as a=b, a in (b, c) or !a")
        requirements.append(_requirement(found))
        at = found.end()
    if not requirements or text.rstrip().endswith(","):
        raise ValueError("it is empty or ends with a comma")
    return LabelSelector(match_expressions=requirements)


def _requirement(found: re.Match[str]) -> LabelSelectorRequirement:
    if found["absent"]:
        return LabelSelectorRequirement(key=found["missing"], operator="DoesNotExist")
    if found["sign"]:
        operator = "NotIn" if found["sign"] == "!=" else "In"
        return LabelSelectorRequirement(key=found["key"], operator=operator, values=[found["value"]])
    if found["set"]:
        values = [value.strip() for value in found["values"].split(",")]
        return LabelSelectorRequirement(
            key=found["key"], operator="NotIn" if found["set"] == "notin" else "In", values=values
        )
    return LabelSelectorRequirement(key=found["key"], operator="Exists")


def selects(selector: LabelSelector, labels: dict[str, str]) -> bool:
    """Whether a label selector (metav1.LabelSelector) selects an object with these labels; an empty one always does."""
    if any(labels.get(name) != value for name, value in (selector.match_labels or {}).items()):
        return False
    for requirement in selector.match_expressions or ():
        present, values = requirement.key in labels, requirement.values or ()
        holds = {
            "In": present and labels.get(requirement.key) in values,
            "NotIn": not present or labels.get(requirement.key) not in values,
            "Exists": present,
            "DoesNotExist": not present,
        }[requirement.operator]
        if not holds:
            return False
    return True
