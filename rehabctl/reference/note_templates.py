"""Loader of note templates: Markdown with fields in braces, checked against what can be filled.

A clinic's own template (`note_templates/daily.md` in the home folder) replaces the packaged one.
The sections that a note of a kind needs stay needed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

from rehabctl.domain.errors import UsageError, suggestion
from rehabctl.domain.note import NoteKind

PACKAGED = "rehabctl"
FIELDS = (
    "adherence", "authorisations", "clinician", "day", "diagnosis", "goals", "home_programme",
    "interventions", "last_session", "pain", "period", "plan", "projection", "proms", "rom",
    "timed_minutes", "total_minutes", "treatment_days", "units", "visit", "visits_held",
)  # fmt: skip
"""Every field that a template may name."""

REQUIRED_SECTIONS = {
    NoteKind.DAILY: ("Subjective", "Objective", "Assessment", "Plan"),
    NoteKind.PROGRESS: (
        "Progress towards goals", "Objective measures", "Assessment", "Plan to continue or change",
    ),
    NoteKind.DISCHARGE: ("Status of goals", "Outcome", "Home programme", "Reason for discharge"),
    NoteKind.AUTHORISATION: ("Care so far", "Progress towards goals", "Objective measures",
                             "Requested"),
}  # fmt: skip
"""Content elements of each kind (Medicare Benefit Policy Manual, chapter 15, section 220.3)."""

_FIELD = re.compile(r"\{([^{}\n]*)\}")
_HEADING = re.compile(r"^## +(.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class NoteTemplate:
    """A checked template."""

    kind: NoteKind
    text: str
    origin: str

    @property
    def version(self) -> str:
        """Name of exactly this text."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()[:12]
        return f"{self.origin}:{self.kind.value}@{digest}"


def load_note_template(kind: NoteKind, own: str | None = None, name: str = "") -> NoteTemplate:
    """Return a template, the clinic's own in place of the packaged one.

    Parameters
    ----------
    kind
        Of the note; an addendum has none.
    own
        Text of the clinic's file.
    name
        Its name, for messages.

    Raises
    ------
    UsageError
        It names an unknown field, or a needed section is missing.
    """
    if own is not None:
        return _checked(NoteTemplate(kind, own, name))
    path = files("rehabctl.reference") / "documentation" / f"note_{kind.value}.md"
    return _checked(NoteTemplate(kind, path.read_text("utf-8"), PACKAGED))


def _checked(template: NoteTemplate) -> NoteTemplate:
    for number, line in enumerate(template.text.splitlines(), start=1):
        for field in _FIELD.findall(line):
            if field not in FIELDS:
                near = suggestion(field, list(FIELDS)).replace("did", "Did", 1)
                raise UsageError(
                    f"{template.origin}:{number}: unknown field {{{field}}}",
                    near or f"Use one of: {', '.join(FIELDS)}",
                )
    headings = _HEADING.findall(template.text)
    for section in REQUIRED_SECTIONS[template.kind]:
        if section not in headings:
            raise UsageError(
                f"{template.origin}: a {template.kind.value} note needs the section {section!r}",
                f"Add the line: ## {section}",
            )
    return template


def fill(template: NoteTemplate, values: dict[str, str]) -> str:
    """Return the template with its fields filled.

    Parameters
    ----------
    template
        A checked one.
    values
        By field; a missing one reads `not recorded`.
    """
    return _FIELD.sub(lambda match: values.get(match[1]) or "not recorded", template.text).strip()
