"""The packaged instruments, thresholds and schedules are complete and agree with each other."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from rehabctl.clinic.wording import find
from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.prom import Instrument, InstrumentKind
from rehabctl.domain.prom_followup import ThresholdKind
from rehabctl.reference import instruments as loader
from rehabctl.reference.instruments import load_instrument, load_instruments, parse_instrument
from rehabctl.reference.prom_followup import load_pathway, load_pathways, load_thresholds

CONTRACT = [
    "nprs", "vas", "odi", "dash", "dash-work", "dash-sport", "quickdash", "koos", "koos-jr",
    "hoos-jr", "koos-ps", "hoos-ps", "lefs", "ndi", "spadi", "psfs", "promis-10", "promis-pf4a",
    "promis-pi4a", "start-back", "pgic", "berg", "tug", "chair-stand-30s", "6mwt",
]  # fmt: skip

INSTRUMENTS = load_instruments()
EACH = pytest.mark.parametrize("instrument", INSTRUMENTS, ids=[i.slug for i in INSTRUMENTS])
FOLDER = Path(loader.__file__).parent / "instruments"


def test_every_instrument_of_the_contract_is_there() -> None:
    assert sorted(CONTRACT) == [instrument.slug for instrument in INSTRUMENTS]


@EACH
def test_slug_is_the_file_name_and_dates_sources_grades_are_given(instrument: Instrument) -> None:
    assert (FOLDER / f"{instrument.slug}.toml").is_file()
    grades = {"source", "secondary", "consensus"}
    assert instrument.grade in grades
    assert instrument.source
    for rule in instrument.rules:
        assert rule.grade in grades
        assert rule.source
        assert date(1970, 1, 1) < rule.effective_from <= date(2026, 11, 22)


def test_rule_versions_are_unique_over_all_instruments() -> None:
    versions = [rule.version for instrument in INSTRUMENTS for rule in instrument.rules]
    assert len(set(versions)) == len(versions)


@EACH
def test_item_keys_are_those_of_the_contract(instrument: Instrument) -> None:
    keys = [item.key for item in instrument.items]
    if instrument.slug == "koos":
        sizes = {"s": 7, "p": 9, "a": 17, "sp": 5, "q": 4}
        assert keys == [
            f"{prefix}{n}" for prefix, size in sizes.items() for n in range(1, size + 1)
        ]
    elif instrument.slug == "promis-10":
        assert keys == [f"g{n:02d}" for n in range(1, 11)]
    else:
        assert keys == [f"q{n}" for n in range(1, len(keys) + 1)]


@EACH
def test_text_is_shipped_only_where_the_rights_allow_it(instrument: Instrument) -> None:
    assert {item.prompt is not None for item in instrument.items} == {instrument.licence.ships_text}
    assert instrument.licence.ships_text != instrument.licence.record_required
    # a topic is a label, not a question: short, no sentence, no second person
    for item in instrument.items:
        assert len(item.topic.split()) <= 7
        assert not {"you", "your", "?"} & set(item.topic.lower().replace("?", " ? ").split())


@EACH
def test_own_prompts_keep_the_rules_for_patients(instrument: Instrument) -> None:
    for item in instrument.items:
        assert find(item.prompt or item.topic, for_patients=True) == []


def loinc_check_digit(number: str) -> int:
    """Mod 10 (Luhn) over the digits before the hyphen."""
    total = 0
    for position, digit in enumerate(reversed(number)):
        doubled = int(digit) * 2 if position % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10


@pytest.mark.parametrize(
    ("code", "valid"),
    [("72514-3", True), ("82319-5", True), ("72514-4", False), ("75214-3", False)],
)
def test_loinc_check_digit_finds_typing_errors(code: str, valid: bool) -> None:
    number, _, digit = code.partition("-")
    assert (loinc_check_digit(number) == int(digit)) is valid


@EACH
def test_loinc_codes_have_their_check_digit_and_name_a_scale(instrument: Instrument) -> None:
    rule = instrument.rule(None)
    assert rule is not None
    assert set(instrument.loinc) <= {"panel", *(scale.key for scale in rule.scales)}
    for code in instrument.loinc.values():
        number, _, digit = code.partition("-")
        assert loinc_check_digit(number) == int(digit)


def test_no_loinc_code_is_used_twice() -> None:
    codes = [code for instrument in INSTRUMENTS for code in instrument.loinc.values()]
    assert len(set(codes)) == len(codes)
    assert load_instrument("ndi").loinc["total"] != load_instrument("koos").loinc["symptoms"]


@pytest.mark.parametrize("slug", ["koos-jr", "hoos-jr", "koos-ps", "hoos-ps"])
def test_joint_tables_fall_strictly_from_100_to_0(slug: str) -> None:
    table = load_instrument(slug).rules[0].scales[0].table
    assert table is not None
    scores = [table[raw] for raw in sorted(table)]
    assert (scores[0], scores[-1]) == (100, 0)
    assert all(later < earlier for earlier, later in pairwise(scores))


@pytest.mark.parametrize("slug", ["promis-10", "promis-pf4a", "promis-pi4a"])
def test_t_score_tables_rise_strictly(slug: str) -> None:
    for scale in load_instrument(slug).rules[0].scales:
        assert scale.table is not None
        assert list(scale.table) == list(range(4, 21))
        scores = list(scale.table.values())
        assert all(later > earlier for earlier, later in pairwise(scores))


def test_a_date_chooses_the_rule_and_a_date_before_all_rules_has_none() -> None:
    koos = load_instrument("koos")
    assert koos.rule(None, date(2026, 1, 1)) is koos.rule("2012")
    assert koos.rule("1998", date(2005, 1, 1)) is koos.rule("1998")
    assert koos.rule(None, date(2005, 1, 1)) is None
    assert koos.rule("2020") is None


def test_an_unknown_slug_is_answered_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match=r"no instrument 'koosjr'.*'koos-jr'"):
        load_instrument("koosjr")
    with pytest.raises(NotFoundError):
        load_instrument("../koos")


LEFS = (FOLDER / "lefs.toml").read_text("utf-8")
KOOS_JR = (FOLDER / "koos-jr.toml").read_text("utf-8")
SPADI_TEXT = (FOLDER / "spadi.toml").read_text("utf-8")
VAS = (FOLDER / "vas.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        (LEFS, 'region = "lower limb"', 'regoin = "lower limb"'),
        (LEFS, 'key = "q2", topic', 'kye = "q2", topic'),
        (LEFS, 'key = "q2"', 'key = "q1"'),
        (LEFS, 'items = "q1..q20"', 'items = "q1..q21"'),
        (LEFS, "default = true", ""),
        (LEFS, 'version = "lefs-prorate"', 'version = "lefs-1999"'),
        (LEFS, "max_missing = 0", "max_missing = 2"),
        (LEFS, 'formula = "sum"', 'formula = "table"'),
        (LEFS, 'kind = "patient_reported"', 'kind = "guessed"'),
        (KOOS_JR, "100, 91.975", "100"),
        (KOOS_JR, "20.941, 15.939", "15.939, 20.941"),
        (KOOS_JR, "table_from = 0", "table_from = 1"),
        (SPADI_TEXT, 'of_scales = ["pain", "disability"]', 'of_scales = ["pain", "function"]'),
        (VAS, "up_to = 44", "up_to = 3"),
        (VAS, ", up_to = 44", ""),
    ],
)
def test_a_damaged_file_does_not_load(text: str, old: str, new: str) -> None:
    parse_instrument(text)
    assert old in text
    with pytest.raises((ValueError, KeyError)):
        parse_instrument(text.replace(old, new))


def test_thresholds_name_known_scales_once_and_lie_in_their_range() -> None:
    known = {
        (instrument.slug, scale.key)
        for instrument in INSTRUMENTS
        for rule in instrument.rules
        for scale in rule.scales
    }
    rows = load_thresholds()
    assert {(row.instrument, row.scale) for row in rows} <= known
    assert len({(row.id, row.scale) for row in rows}) == len(rows)
    for row in rows:
        assert row.value > 0
        assert row.source
        assert row.grade in {"source", "secondary", "consensus"}
        if row.published_range:
            assert row.published_range[0] <= row.value <= row.published_range[1]


def test_at_most_one_default_threshold_fits_a_patient() -> None:
    defaults = [row for row in load_thresholds() if row.is_default]
    keys = [(r.instrument, r.scale, r.kind, r.condition, r.baseline) for r in defaults]
    assert len(set(keys)) == len(keys)
    assert all(row.kind is not ThresholdKind.SCB for row in defaults)


def test_the_berg_thresholds_cover_every_first_score_once() -> None:
    rows = [row for row in load_thresholds() if row.instrument == "berg"]
    for score in range(57):
        fitting = [r for r in rows if r.baseline and r.baseline[0] <= score <= r.baseline[1]]
        assert len(fitting) == 1


def test_schedules_ask_for_known_questionnaires_only() -> None:
    reported = {i.slug for i in INSTRUMENTS if i.kind is InstrumentKind.PATIENT_REPORTED}
    assert len({pathway.slug for pathway in load_pathways()}) == len(load_pathways())
    for pathway in load_pathways():
        assert pathway.anchor in {"surgery", "episode_start"}
        for series in pathway.series:
            assert set(series.instruments) <= reported


def test_an_unknown_pathway_is_answered_with_all_of_them() -> None:
    with pytest.raises(NotFoundError, match="knee-replacement"):
        load_pathway("knee")
