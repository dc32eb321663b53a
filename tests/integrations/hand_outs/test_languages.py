"""Hand-outs in every language: the same words everywhere, and a mark where one is missing."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import date, time
from importlib.resources import files
from string import Formatter

import pytest
from icalendar import Calendar
from pypdf import PdfReader

from rehabctl.domain.hand_out import PatientTexts
from rehabctl.integrations.hand_outs.calendar import write_calendar
from rehabctl.integrations.hand_outs.pdf import write_pdf
from rehabctl.integrations.hand_outs.wording import date_words, days, duration, how_often
from rehabctl.reference.exercise_library import load_exercise
from rehabctl.reference.patient_texts import (
    english_version,
    exercise_in,
    languages,
    load_patient_texts,
)
from tests.integrations.hand_outs.samples import exercise, hand_out, in_spanish

ENGLISH, SPANISH = load_patient_texts(), load_patient_texts("es")
SLUGS = re.findall(
    r"^\[exercise\.(.+)\]$",
    (files("rehabctl.reference") / "patient_texts" / "exercises_es.toml").read_text("utf-8"),
    re.MULTILINE,
)


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("language", languages())
def test_every_language_has_every_word_with_its_values(language: str) -> None:
    texts = load_patient_texts(language)
    assert texts.language == language
    for own, english in ((texts.words, ENGLISH.words), (texts.page, ENGLISH.page)):
        assert own.keys() == english.keys()
        assert {k: fields(v) for k, v in own.items()} == {k: fields(v) for k, v in english.items()}
        assert all(text.strip() for text in own.values())
    assert [code for code, _ in texts.red_flags] == [code for code, _ in ENGLISH.red_flags]
    assert (len(texts.weekdays), len(texts.months)) == (7, 12)


def test_nothing_of_another_language_was_left_in_english() -> None:
    own = [*SPANISH.words.items(), *SPANISH.page.items(), *SPANISH.red_flags]
    english = {**ENGLISH.words, **ENGLISH.page, **dict(ENGLISH.red_flags)}
    same = {key for key, text in own if text == english[key] and re.search("[a-z]{3}", text)}
    assert same <= {"exercise_of"}


def test_the_page_asks_for_words_that_exist_and_for_all_of_its_own() -> None:
    script = (files("rehabctl.integrations.hand_outs") / "page.js").read_text("utf-8")
    quoted = set(re.findall(r'"([a-z_]+)"', script))
    calls = re.findall(r"say\(([^;]*?)\)", script)
    asked = {key for call in calls for key in re.findall(r'"(\w+)"', call)}
    assert asked <= ENGLISH.words.keys() | ENGLISH.page.keys()
    assert ENGLISH.page.keys() - {"no_script"} <= quoted


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(None, "en"), ("es", "es"), ("es-MX", "es"), ("ES-us", "es"), ("vi", "en")],
)
def test_the_language_of_the_patient_decides(wanted: str | None, found: str) -> None:
    assert load_patient_texts(wanted).language == found


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (ENGLISH, ["March 2, 2026", "2.5 seconds", "1 second", "3 minutes", "every day"]),
        (
            SPANISH,
            ["2 de marzo de 2026", "2.5 segundos", "1 segundo", "3 minutos", "todos los días"],
        ),
    ],
    ids=["en", "es"],
)
def test_numbers_and_days_are_those_of_the_language(
    texts: PatientTexts, expected: list[str]
) -> None:
    made = [date_words(date(2026, 3, 2), texts), *(duration(s, texts) for s in (2.5, 1, 180))]
    assert [*made, days((1, 2, 3, 4, 5, 6, 7), texts)] == expected


def test_how_often_is_told_in_the_language() -> None:
    row = exercise("quad-set", per_week=6)
    assert how_often(row, SPANISH) == "Lunes, miércoles, viernes, 2 veces al día"
    assert how_often(replace(row, weekdays=(), per_week=1), SPANISH) == "una vez por semana"


@pytest.mark.parametrize("slug", SLUGS)
def test_a_translation_is_of_the_packaged_words_and_keeps_their_shape(slug: str) -> None:
    english = load_exercise(slug)
    spanish = exercise_in(english, "es")
    assert spanish is not None, f"the English text changed: now {english_version(english)}"
    for name in ("steps", "cues", "common_errors", "precautions", "equipment", "substitutes"):
        assert len(getattr(spanish, name)) == len(getattr(english, name)), name


def test_a_translation_of_other_words_is_not_used() -> None:
    changed = replace(load_exercise(SLUGS[0]), cues=("Hum while you count.",))
    assert exercise_in(changed, "es") is None


def test_paper_in_spanish_marks_what_is_in_english_and_describes_its_figures() -> None:
    reader = PdfReader(io.BytesIO(write_pdf(in_spanish("bodyweight-squat", "clamshell"))))
    assert reader.root_object["/Lang"] == "es"
    found = [" ".join(page.extract_text().split()) for page in reader.pages]
    squat, clamshell = (next(p for p in found if name in p) for name in ("1. Sent", "2. Clam"))
    mark = "todavía está descrito solo en inglés"
    assert (mark in squat, mark in clamshell) == (False, True)
    assert "Inicio Punto de retorno" in squat
    assert any("Cuándo parar" in page for page in found)
    assert not any(word in " ".join(found) for word in ("Wednesday", "sets", "page 1", "When"))
    tree = reader.root_object["/StructTreeRoot"].get_object()
    told = [kid.get_object() for kid in tree["/K"][0].get_object()["/K"]]
    assert any("una repetición" in str(kid.get("/Alt", "")) for kid in told)


def test_a_calendar_says_its_language() -> None:
    data = write_calendar(in_spanish("quad-set"), time(8, 30), 20, with_exercises=True)
    [event] = Calendar.from_ical(data).walk("VEVENT")
    assert (event["summary"], event["summary"].params["LANGUAGE"]) == ("Ejercicios", "es")
    assert "2 series de 2" in event["description"]
    assert hand_out().texts.language == "en"
