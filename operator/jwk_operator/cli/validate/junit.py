"""The report as JUnit XML, which CI systems show as tests: one for each resource."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from jwk_operator.cli.validate.findings import Finding, Level, Report, Resource

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_junit(report: Report, *, strict: bool) -> str:
    """Return one suite. Warnings are failures if `strict`, and output of the test else."""
    looked_at = [resource for resource, _ in report.resources]
    others = [item.resource for item in report.findings if item.resource and item.resource not in looked_at]
    cases = [_case(report, resource, strict) for resource in (*looked_at, *others)]
    cases += [_unreadable(item) for item in report.of(None)]
    suite = Xml.Element("testsuite", name="jwk-operator validate", tests=str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(len(report.of(None))))
    suite.set("skipped", "0")
    suite.extend(cases)
    suites = Xml.Element("testsuites")
    suites.append(suite)
    Xml.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(suites, encoding="unicode")


def _case(report: Report, resource: Resource, strict: bool) -> Xml.Element:
    manifest = resource.manifest
    case = Xml.Element("testcase", classname=_clean(manifest.source), name=_clean(str(resource)))
    case.set("file", _clean(manifest.source))
    case.set("line", str(manifest.line))
    failed = [item for item in report.of(resource) if strict or item.rule.level is Level.ERROR]
    told = [item for item in report.of(resource) if item not in failed]
    if failed:
        failure = Xml.SubElement(case, "failure", type=failed[0].rule.id, message=_clean(failed[0].message))
        failure.text = "\n".join(map(_line, failed))
    if told:
        Xml.SubElement(case, "system-out").text = "\n".join(map(_line, told))
    return case


def _unreadable(item: Finding) -> Xml.Element:
    case = Xml.Element("testcase", classname=_clean(item.source), name="can be read", file=_clean(item.source))
    case.set("line", str(item.line))
    error = Xml.SubElement(case, "error", type=item.rule.id, message=_clean(item.message))
    error.text = _line(item)
    return case


def _line(item: Finding) -> str:
    return _clean(f"{item.source}:{item.line}: {item.rule.level.value}: {item.message} [{item.rule.id}]")


def _clean(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
