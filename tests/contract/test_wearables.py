"""What a patient's devices recorded: kept once, judged at once, on both engines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import FindingsError, NotPermittedError, UsageError
from rehabctl.domain.wearable import DailyMeasure, WearableSource, Wearer
from rehabctl.integrations.wearables.reading import Reading
from rehabctl.reference.rules import load_rules
from rehabctl.services import activity, consents, fhir_import, patient_detail, triage, wearables
from rehabctl.services.wearables import Read, WearableReport
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient
from tests.integrations.fakes import apple_health, fitbit_takeout, health_connect
from tests.integrations.fakes.fhir_physical_activity import FakePhysicalActivity

MRN = "1042"
RULES = load_rules()
LATER = NOW + timedelta(days=60)


def noon_s(day: date) -> float:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC).timestamp()


def walked(
    counts: Sequence[float | None], last: date, *, wearer: Wearer | None = None, cut: bool = False
) -> Read:
    """Return a source with so many steps on the days up to `last`, worn all day."""

    def read(reading: Reading) -> str:
        reading.about(wearer or Wearer(birth_date=date(1961, 4, 2)))
        for back, count in enumerate(reversed(counts)):
            start = noon_s(last - timedelta(days=back))
            for hour in range(12) if count is not None else ():
                begun = start + (hour - 5) * 3600
                reading.take(DailyMeasure.STEPS, begun, begun + 600, (count or 0) / 12, "watch")
            if count is not None:
                reading.take(DailyMeasure.HEART_RATE, start, start, 120)
                reading.take(DailyMeasure.HEART_RATE, start + 60, start + 60, 80)
                reading.take(DailyMeasure.SLEEP, start - 40_000, start - 20_000, 0)
        if cut:
            reading.ends_early(7, "the file breaks off here")
        reading.known_until_s = noon_s(last + timedelta(days=2))
        return hashlib.sha256(repr((counts, last, cut)).encode()).hexdigest()

    return read


@pytest.fixture
def worn(store: Store) -> Store:
    """Return a store with a patient who allows it."""
    given_patient(store)
    consents.grant(store, MRN, ConsentScope.DATA_SHARING)
    return at(store, LATER)


def taken(store: Store, read: Read, **options: bool) -> WearableReport:
    return wearables.import_wearable(
        store, RULES, WearableSource.APPLE_HEALTH, read, MRN, **options
    )


def open_codes(store: Store) -> list[str]:
    with store.transaction() as uow:
        found = uow.alerts.of_patient(uow.patients.get(MRN).id)
        return [alert.state.code for alert in found]


DAY = LATER.date() - timedelta(days=2)


def test_the_same_source_twice_changes_nothing(worn: Store) -> None:
    first = taken(worn, walked([4000] * 3, DAY))
    assert (first.created, first.rejected, first.last_day) == (9, 0, DAY)
    second = taken(worn, walked([4000] * 3, DAY))
    assert (second.created, second.updated, second.unchanged) == (0, 0, 9)
    third = taken(worn, walked([4000, 4000, 4800], DAY))
    assert (third.updated, third.unchanged) == (1, 8)
    days = activity.activity_days(worn, MRN, 10)
    assert [day.values[DailyMeasure.STEPS].value for day in days] == [4800, 4000, 4000]


def test_a_dry_run_keeps_nothing(worn: Store) -> None:
    assert taken(worn, walked([4000] * 3, DAY), dry_run=True).created == 9
    assert activity.activity_days(worn, MRN, 10) == ()


def test_a_cut_source_never_takes_the_place_of_a_whole_day(worn: Store) -> None:
    taken(worn, walked([4000], DAY))
    report = taken(worn, walked([2000], DAY, cut=True))
    assert (report.updated, report.rejected, report.cut) == (0, 1, "the file breaks off here")
    (day,) = activity.activity_days(worn, MRN, 10)
    assert day.values[DailyMeasure.STEPS].value == 4000
    later = at(worn, LATER + timedelta(days=1))
    assert taken(later, walked([3000, 4000], DAY + timedelta(days=1), cut=True)).created == 3
    assert taken(later, walked([3000, 4100], DAY + timedelta(days=1))).updated > 0


def test_it_needs_the_patients_consent(store: Store) -> None:
    given_patient(store)
    with pytest.raises(NotPermittedError, match="data sharing"):
        taken(at(store, LATER), walked([4000], DAY))
    consents.grant(store, MRN, ConsentScope.DATA_SHARING)
    taken(at(store, LATER), walked([4000], DAY))
    consents.revoke(at(store, LATER), MRN, ConsentScope.DATA_SHARING)
    with pytest.raises(NotPermittedError):
        taken(at(store, LATER + timedelta(days=1)), walked([4000], DAY))


@pytest.mark.parametrize(
    "wearer",
    [
        Wearer(birth_date=date(1980, 1, 1)),
        Wearer(given_name="Ana", family_name="Nobody"),
        Wearer(date(1961, 4, 2), "Bea", "Nobody"),
    ],
)
def test_another_persons_file_is_refused(worn: Store, wearer: Wearer) -> None:
    with pytest.raises(FindingsError, match="another person"):
        taken(worn, walked([4000], DAY, wearer=wearer))
    assert activity.activity_days(worn, MRN, 10) == ()


def test_a_married_name_or_accents_are_the_same_person(worn: Store) -> None:
    assert taken(worn, walked([4000], DAY, wearer=Wearer(date(1961, 4, 2), "ANA", "Ruiz"))).created
    assert taken(worn, walked([5000], DAY, wearer=Wearer(None, "Aná", "DÍAZ"))).updated


def test_a_sudden_decline_opens_one_alert_with_its_row_and_numbers(worn: Store) -> None:
    taken(worn, walked([6000] * 28, DAY - timedelta(days=4)))
    assert "ACTIVITY_DECLINE" not in open_codes(worn)
    taken(worn, walked([6000] * 28 + [2500] * 4, DAY))
    assert open_codes(worn).count("ACTIVITY_DECLINE") == 1
    told = triage.explain(worn, RULES, MRN)
    (rule,) = [r for r in told.rules if r.code == "ACTIVITY_DECLINE"]
    assert (rule.state, rule.rule_version) == ("met", "ACTIVITY_DECLINE@2024-01-01")
    assert (rule.inputs["recent"], rule.inputs["baseline"]) == (2500, 6000)
    assert rule.limits["drop_percent"] == 30
    assert "Jacquemin 2017" in rule.source
    assert triage.rebuild(worn, RULES, check=True).different == 0


def test_days_without_the_device_are_no_decline(worn: Store) -> None:
    taken(worn, walked([6000] * 28 + [None] * 4, DAY))
    assert "ACTIVITY_DECLINE" not in open_codes(worn)
    taken(worn, walked([6000] * 28 + [2500] * 4, DAY, cut=True))
    assert "ACTIVITY_DECLINE" not in open_codes(worn)


def test_what_was_told_later_changes_nothing_of_what_was_known_then(worn: Store) -> None:
    taken(worn, walked([6000] * 28 + [2500] * 4, DAY))
    later = at(worn, LATER + timedelta(days=1))
    taken(later, walked([6000] * 33, DAY + timedelta(days=1)))
    assert "ACTIVITY_DECLINE" in open_codes(later)  # it stands until days were judged and not met
    assert triage.rebuild(later, RULES, check=True).different == 0
    much_later = at(worn, LATER + timedelta(days=9))
    taken(much_later, walked([6000] * 41, DAY + timedelta(days=9)))
    triage.sweep(much_later, RULES)
    assert "ACTIVITY_DECLINE" not in open_codes(much_later)
    assert triage.rebuild(much_later, RULES, check=True).different == 0


def test_limits_of_the_heart_rate_and_minutes_above_them(worn: Store) -> None:
    taken(worn, walked([4000] * 2, DAY))
    found = activity.heart_rates(worn, MRN, 28)
    assert (found.limit, found.minutes_recorded, found.minutes_above_limit) == (None, 4, None)
    assert found.estimate.highest_bpm == round(208 - 0.7 * 65)
    assert "not noted" in found.estimate.caveat
    made = activity.set_limit(worn, MRN, upper_bpm=110, target_bpm=(75, 100), beta_blocker=True)
    again = activity.heart_rates(worn, MRN, 28)
    assert again.limit == made
    assert (again.minutes_above_limit, again.minutes_in_target) == (2, 2)
    assert again.estimate.zones == ()  # percent of the highest does not hold with a beta-blocker
    assert "exercise test" in again.estimate.caveat
    assert activity.activity_days(worn, MRN, 10)[0].minutes_above_limit == 1


@pytest.mark.parametrize(
    ("upper", "target"), [(500, None), (120, (110, 90)), (100, (90, 110)), (None, (0, 90))]
)
def test_limits_that_cannot_be_are_refused(
    worn: Store, upper: int | None, target: tuple[int, int] | None
) -> None:
    with pytest.raises(UsageError):
        activity.set_limit(worn, MRN, upper_bpm=upper, target_bpm=target, beta_blocker=False)
    assert activity.heart_rates(worn, MRN, 28).limit is None


def test_the_patients_screen_gets_sleep_beside_pain(worn: Store) -> None:
    taken(worn, walked([4000] * 3, DAY))
    trends = {t.measure: t for t in patient_detail.load(worn, RULES, MRN).trends}
    assert [point.value for point in trends["steps"].points] == [4000] * 3
    assert trends["sleep"].unit == "h"
    assert {point.method for point in trends["sleep"].points} == {"apple-health"}


def test_one_audit_entry_an_import_with_the_hash(worn: Store, auditor: Store) -> None:
    report = taken(worn, walked([4000] * 3, DAY))
    with auditor.transaction() as uow:
        entries = [e for e in uow.audit.entries(limit=20) if e.action.startswith("import.")]
    (told,) = (json.loads(entry.detail) for entry in entries)
    assert (told["sha256"], told["created"], told["source"]) == (report.sha256, 9, "apple-health")


def test_days_told_by_another_system(store: Store, tmp_path: Path) -> None:
    given_patient(store, "MRN-10001", birth_date=date(1958, 2, 28), family_name="Novak")
    later = at(store, LATER)
    options = fhir_import.FhirOptions(source="ehr")

    def taken_over(fault: str | None, target: Store = later) -> tuple[int, int]:
        file = tmp_path / "bundle.json"
        file.write_bytes(FakePhysicalActivity(fault=fault).content())
        report = fhir_import.import_files(target, RULES, file, options)
        return report.created, report.rejected

    assert taken_over(None)[1] == 7  # no consent: the days are refused, and nothing else
    assert activity.activity_days(later, "MRN-10001", 365) == ()
    consents.grant(store, "MRN-10001", ConsentScope.DATA_SHARING)
    assert taken_over(None) == (7, 0)
    days = activity.activity_days(later, "MRN-10001", 365)
    steps = {day.day: day.values[DailyMeasure.STEPS].value for day in days}
    fake = FakePhysicalActivity()
    fake.bundle()
    assert steps == fake.truth.steps
    assert {day.source for day in days} == {WearableSource.FHIR}
    assert taken_over(None) == (0, 0)
    assert taken_over("same_day_two_values")[1] >= 7  # other records of days that were told
    again = activity.activity_days(later, "MRN-10001", 365)
    assert {day.day: day.values[DailyMeasure.STEPS].value for day in again} == steps


def test_each_format_from_its_file(store: Store, tmp_path: Path) -> None:
    given_patient(store, birth_date=date(1958, 2, 28), given_name="Zdenka", family_name="Novak")
    consents.grant(store, MRN, ConsentScope.DATA_SHARING)
    later = at(store, LATER)
    apple_health.write_export(tmp_path / "export.zip")
    fitbit_takeout.write_takeout(tmp_path / "takeout.zip")
    health_connect.write_export(tmp_path / "connect.zip")
    files = {
        WearableSource.APPLE_HEALTH: "export.zip",
        WearableSource.FITBIT: "takeout.zip",
        WearableSource.HEALTH_CONNECT: "connect.zip",
    }
    for source, name in files.items():
        read = wearables.file_reader(source, tmp_path / name)
        report = wearables.import_wearable(later, RULES, source, read, MRN)
        assert (report.rejected, report.cut) == (0, None)
        assert report.sha256 == hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    told = activity.activity_days(later, MRN, 90)
    assert {day.source for day in told} == set(files)
    apple_health.write_export(tmp_path / "export.zip", fault="another_person")
    read = wearables.file_reader(WearableSource.APPLE_HEALTH, tmp_path / "export.zip")
    with pytest.raises(FindingsError, match="another person"):
        wearables.import_wearable(later, RULES, WearableSource.APPLE_HEALTH, read, MRN)
    assert activity.activity_days(later, MRN, 90) == told
