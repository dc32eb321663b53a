"""The wording rules find what they are for, and the product's own texts keep them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rehabctl.clinic.wording import find
from rehabctl.reference.wording import load_avoided_wording

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("This will diagnose the knee.", "diagnosis"),
        ("It detects an injury early.", "detects-disease"),
        ("Cures your pain.", "treatment-claim"),
        ("A clinically proven plan", "proof-claim"),
        ("Accurate to 5 degrees", "accuracy-claim"),
        ("Replaces your therapist", "replacement-claim"),
        ("You have an infection", "you-have"),
        ("It is safe to run", "safe-to"),
        ("Your value is abnormal", "normal-abnormal"),
        ("within normal limits", "normal-abnormal"),
        ("HIPAA compliant", "compliance-claim"),
    ],
)
def test_each_rule_finds_its_expression(text: str, code: str) -> None:
    assert code in [finding.code for finding in find(text)]


def test_every_rule_compiles_and_says_what_to_write() -> None:
    for rule in load_avoided_wording():
        re.compile(rule.pattern)
        assert rule.prefer


def test_rules_for_patients_apply_to_patients_only() -> None:
    assert find("You must stand tall") == []
    assert [f.code for f in find("You must stand tall", for_patients=True)] == ["order-to-patient"]


@pytest.mark.parametrize(
    "text",
    [
        "Diagnosis code of the episode",
        "The word `diagnose` is avoided",
        "Compare the peak with the plan",
        "Safety margin of the chair",
        "Lift the heel as far as is comfortable",
    ],
)
def test_plain_text_passes(text: str) -> None:
    assert find(text, for_patients=True) == []


def test_findings_name_their_line() -> None:
    assert [f.line for f in find("fine\nclinically proven\n\nabnormal")] == [2, 4]


def shown_strings(path: Path) -> list[tuple[int, str]]:
    """Every string literal of a module that is not a docstring."""
    tree = ast.parse(path.read_text("utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    ]


NAMES_OF_OTHERS = {"Diagnoses"}
"""Fields of foreign formats (Redox), never shown."""
SOURCES = sorted((PROJECT / "rehabctl").rglob("*.py"))
DOCUMENTS = sorted([*(PROJECT / "docs").rglob("*.md"), PROJECT / "README.md"])
DATA = sorted(
    p for p in (PROJECT / "rehabctl" / "reference").rglob("*.toml") if p.name != "wording.toml"
)


def test_no_string_of_the_program_claims_too_much() -> None:
    bad = [
        f"{path.relative_to(PROJECT)}:{line}: {finding.expression}"
        for path in SOURCES
        for line, text in shown_strings(path)
        if text not in NAMES_OF_OTHERS
        for finding in find(text)
    ]
    assert bad == []


def test_no_command_help_claims_too_much() -> None:
    bad = [
        f"{path.relative_to(PROJECT)}: {finding.expression}"
        for path in SOURCES
        if path.parent.name == "commands"
        for finding in find(ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "")
    ]
    assert bad == []


def test_no_document_and_no_packaged_text_claims_too_much() -> None:
    bad = [
        f"{path.relative_to(PROJECT)}:{finding.line}: {finding.expression}"
        for path in [*DOCUMENTS, *DATA]
        for finding in find(path.read_text("utf-8"))
    ]
    assert bad == []


def test_what_patients_take_home_keeps_the_rules_for_patients() -> None:
    texts = [
        *(PROJECT / "rehabctl" / "reference" / "patient_texts").glob("*.toml"),
        *(PROJECT / "rehabctl" / "integrations" / "hand_outs").glob("page.*"),
        *(PROJECT / "rehabctl" / "reference" / "education").glob("*.toml"),
        PROJECT / "rehabctl" / "reference" / "rules" / "contact.toml",
    ]
    assert len(texts) >= 4
    bad = [
        f"{path.name}:{finding.line}: {finding.expression}"
        for path in texts
        for finding in find(path.read_text("utf-8"), for_patients=True)
    ]
    assert bad == []
