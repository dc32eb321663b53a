"""Findings of a check in the formats that CI systems read: JUnit, GitHub annotations, SARIF."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from rehabctl.reference.findings import Finding, Severity

_SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_INDENT = 1


def to_junit(name: str, files: Sequence[str], findings: Sequence[Finding]) -> str:
    """Return a JUnit report: a passed test for a clean file, a failed one for each finding.

    Parameters
    ----------
    name
        Of the test suite.
    files
        Every file that was looked at.
    findings
        What was found.
    """
    import xml.etree.ElementTree as ET

    by_file: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_file[finding.file].append(finding)
    counts = Counter({"tests": 0, "failures": len(findings)})
    suites = ET.Element("testsuites")
    suite = ET.SubElement(suites, "testsuite", name=name)
    for file in files:
        own = by_file.get(file, [])
        if not own:
            ET.SubElement(suite, "testcase", classname=_xml(file), name="no findings")
        for finding in own:
            case = ET.SubElement(
                suite, "testcase", classname=_xml(file), name=f"line {finding.line}: {finding.rule}"
            )
            message = _xml(finding.message)
            failure = ET.SubElement(case, "failure", message=message, type=finding.severity.value)
            failure.text = _xml(f"{finding.file}:{finding.line}: {finding.message}")
        counts["tests"] += max(1, len(own))
    for element in (suites, suite):
        for key in ("tests", "failures"):
            element.set(key, str(counts[key]))
        element.set("errors", "0")
    ET.indent(suites)
    text = ET.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def to_github(findings: Sequence[Finding]) -> str:
    """Return one workflow command a finding, which GitHub shows in the pull request.

    Parameters
    ----------
    findings
        What was found.
    """
    return "".join(
        f"::{finding.severity.value} file={_property(finding.file)},line={finding.line},"
        f"title={_property(finding.rule)}::{_data(finding.message)}\n"
        for finding in findings
    )


def to_sarif(tool: str, version: str, findings: Sequence[Finding]) -> str:
    """Return a SARIF 2.1.0 log.

    Parameters
    ----------
    tool, version
        Of the program that looked.
    findings
        What was found.
    """
    rules = sorted({finding.rule for finding in findings})
    log = {
        "$schema": _SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": tool,
                        "version": version,
                        "rules": [{"id": rule} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_sarif_result(finding, rules) for finding in findings],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=_INDENT) + "\n"


def _sarif_result(finding: Finding, rules: Sequence[str]) -> dict[str, object]:
    level = "error" if finding.severity is Severity.ERROR else "warning"
    path = Path(finding.file)
    uri = path.as_uri() if path.is_absolute() else quote(finding.file)
    place = {"artifactLocation": {"uri": uri}, "region": {"startLine": finding.line}}
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": level,
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": place}],
    }


def _xml(text: str) -> str:
    """Return a text without the control characters that XML cannot carry."""
    return "".join(
        c if c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") else " " for c in text
    )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
