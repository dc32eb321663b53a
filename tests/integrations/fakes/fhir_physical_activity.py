"""Makes FHIR R4 bundles as another system shares them by the Physical Activity guide of HL7 (US).

Documented (FSH sources of HL7/physical-activity: profiles and example observations):

- The exercise vital sign: days a week (LOINC 89555-7, `d/wk`), minutes a day (68516-4, `min/d`),
  a week (82290-8, `min/wk`); days of strength (82291-6, `d/wk`).
- Measures of a day or week: steps (41950-7, `/d`), highest heart rate (8873-2, `/min`), resting
  heart rate (40443-4, `/min`, over a period), calories (41979-6, `kcal/24.h`). Their dates have no
  time of day; percentActive may stand in a component.
- A group (temporary code PAPanel, no value, hasMember) binds the measures of one activity: kind
  73985-4 (coded), duration 55411-3, moderate 77592-4 and vigorous 77593-2 minutes, peak heart rate
  55422-0, calories 55424-6.
- All: status final, a subject, an effective date of at least the day, units by UCUM, the categories
  activity and PhysicalActivity; a note has its author and time.

Assumed: the canonical names beyond pa-observation-evs-days-per-week, `Device` as the source of what
was measured, a collection bundle with urn:uuid full addresses and the patient inside, `total` left
out. `FakePhysicalActivity().bundle()` answers a dictionary, `.content()` its bytes.
"""

from __future__ import annotations

import json
import random
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

BASE = "http://hl7.org/fhir/us/physical-activity"
TEMPORARY = f"{BASE}/CodeSystem/pa-temporary-codes"
LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
STEPS, RESTING, MINUTES_A_WEEK = "41950-7", "40443-4", "82290-8"
_NAMES = {
    "89555-7": "How many days per week did you engage in moderate to strenuous physical activity",
    "68516-4": "On those days that you engage in exercise, how many minutes do you exercise",
    "82290-8": "Frequency of moderate to vigorous aerobic physical activity",
    "82291-6": "Frequency of muscle-strengthening physical activity",
    "41950-7": "Number of steps in 24 hour Measured",
    "8873-2": "Heart rate 24 hour maximum",
    "40443-4": "Heart rate Resting",
    "41979-6": "Calories burned in 24 hour Calculated",
    "73985-4": "Exercise activity",
    "55411-3": "Exercise duration",
    "77592-4": "Moderate physical activity [IPAQ]",
    "77593-2": "Vigorous physical activity [IPAQ]",
    "55422-0": "Heart rate Encounter maximum",
    "55424-6": "Calories burned in unspecified time Pedometer",
}
Resource = dict[str, Any]


class Fault(StrEnum):
    """What is wrong, or odd, in a bundle."""

    CUT = "cut"
    ANOTHER_PATIENT = "another_patient"
    TWO_PATIENTS = "two_patients"
    SUBJECT_MISSING = "subject_missing"
    UNIT_MISSING = "unit_missing"
    UNIT_CHANGES = "unit_changes"
    UNIT_ONLY_FOR_PEOPLE = "unit_only_for_people"
    VALUE_IS_TEXT = "value_is_text"
    VALUE_ABSENT = "value_absent"
    NEGATIVE_VALUE = "negative_value"
    IMPOSSIBLE_VALUE = "impossible_value"
    ENTERED_IN_ERROR = "entered_in_error"
    PRELIMINARY = "preliminary"
    EVERYTHING_TWICE = "everything_twice"
    SAME_DAY_TWO_VALUES = "same_day_two_values"
    EFFECTIVE_MISSING = "effective_missing"
    EFFECTIVE_IS_A_MONTH = "effective_is_a_month"
    FUTURE_DATE = "future_date"
    UNKNOWN_CODE = "unknown_code"
    CODE_OF_ANOTHER_SYSTEM = "code_of_another_system"
    MEMBER_MISSING = "member_missing"
    GROUP_IN_A_CIRCLE = "group_in_a_circle"
    SCRIPT_IN_NOTE = "script_in_note"
    BYTE_ORDER_MARK = "byte_order_mark"
    ANOTHER_RESOURCE = "another_resource"


FAULTS = tuple(Fault)


@dataclass
class Truth:
    """What the bundle says, had it no fault."""

    steps: dict[date, int] = field(default_factory=dict[date, int])
    resting: int = 0
    minutes_a_week: int = 0
    run_min: int = 0


class FakePhysicalActivity:
    """A bundle of some days of one made-up person, the same whenever it is asked for."""

    def __init__(
        self, first: date = date(2026, 3, 2), days: int = 7, *, seed: int = 1,
        fault: str | None = None,
    ) -> None:  # fmt: skip
        self.fault, self.truth = fault, Truth()
        self._first, self._days = first, days
        self._seed, self._random = seed, random.Random(seed)
        self.patient_id, self._device_id = self._uuid(), self._uuid()

    def content(self) -> bytes:
        text = json.dumps(self.bundle(), ensure_ascii=False, indent=1)
        if self.fault == Fault.CUT:
            text = text[: len(text) * 2 // 3]
        mark = "\ufeff" if self.fault == Fault.BYTE_ORDER_MARK else ""
        return (mark + text).encode()

    def bundle(self) -> Resource:
        self._random, self.truth = random.Random(self._seed + 1), Truth()
        if self.fault == Fault.ANOTHER_RESOURCE:
            return {"resourceType": "OperationOutcome", "issue": [
                {"severity": "error", "code": "exception"}]}  # fmt: skip
        observations = self._vital_sign() + self._days_of_steps() + self._week() + self._activity()
        for one in observations:
            self._spoil(one)
        if self.fault == Fault.EVERYTHING_TWICE:
            copies = deepcopy(observations)
            for one in copies:
                one["id"] = self._uuid()
            observations += copies
        entries = [self._patient(), self._device(), *observations]
        if self.fault == Fault.TWO_PATIENTS:
            other = self._patient()
            other["id"], other["name"] = self._uuid(), [{"family": "Weber", "given": ["Jonas"]}]
            entries.append(other)
            for one in observations[::2]:
                one["subject"] = {"reference": f"urn:uuid:{other['id']}"}
        return {
            "resourceType": "Bundle", "type": "collection", "id": self._uuid(),
            "timestamp": f"{self._first + timedelta(days=self._days)}T15:00:00Z",
            "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in entries],
        }  # fmt: skip

    def _uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def _patient(self) -> Resource:
        other = self.fault == Fault.ANOTHER_PATIENT
        return {
            "resourceType": "Patient", "id": self.patient_id,
            "identifier": [{"system": "urn:oid:2.16.840.1.113883.3.9999.1",
                            "value": "MRN-90001" if other else "MRN-10001"}],
            "name": [{"family": "Weber" if other else "Novak", "given": ["Zde\u0148ka"]}],
            "gender": "female", "birthDate": "1991-12-31" if other else "1958-02-28",
        }  # fmt: skip

    def _device(self) -> Resource:
        return {"resourceType": "Device", "id": self._device_id, "manufacturer": "Garmin",
                "deviceName": [{"name": "Venu 3", "type": "user-friendly-name"}]}  # fmt: skip

    def _observation(
        self, profile: str, code: str, day: date, value: float | None = None, unit: str = ""
    ) -> Resource:
        coding = {"system": LOINC, "code": code, "display": _NAMES.get(code, code)}
        if code not in _NAMES:
            coding = {"system": TEMPORARY, "code": code}
        one: Resource = {
            "resourceType": "Observation", "id": self._uuid(),
            "meta": {"profile": [f"{BASE}/StructureDefinition/pa-observation-{profile}"]},
            "status": "final", "code": {"coding": [coding]},
            "category": [
                {"coding": [{"system": CATEGORY, "code": "activity"}]},
                {"coding": [{"system": TEMPORARY, "code": "PhysicalActivity"}]},
            ],
            "subject": {"reference": f"urn:uuid:{self.patient_id}"},
            "effectiveDateTime": str(day),
            "performer": [{"reference": f"urn:uuid:{self.patient_id}"}],
        }  # fmt: skip
        if value is not None:
            one["valueQuantity"] = {"value": value, "unit": unit, "system": UCUM, "code": unit}
        return one

    def _vital_sign(self) -> list[Resource]:
        day = self._first + timedelta(days=self._days - 1)
        days, minutes, strength = 4, 30, 2
        self.truth.minutes_a_week = days * minutes
        made = [
            self._observation("evs-days-per-week", "89555-7", day, days, "d/wk"),
            self._observation("evs-minutes-per-day", "68516-4", day, minutes, "min/d"),
            self._observation("evs-minutes-per-week", MINUTES_A_WEEK, day, 120, "min/wk"),
            self._observation("strength-days-per-week", "82291-6", day, strength, "d/wk"),
        ]
        text = "<script>alert(1)</script>" if self.fault == Fault.SCRIPT_IN_NOTE else "Felt tired."
        author = {"reference": f"urn:uuid:{self.patient_id}"}
        made[1]["note"] = [{"authorReference": author, "time": f"{day}T15:00:00Z", "text": text}]
        return made

    def _days_of_steps(self) -> list[Resource]:
        made: list[Resource] = []
        for day in (self._first + timedelta(days=number) for number in range(self._days)):
            self.truth.steps[day] = 4000 + self._random.randrange(4000)
            one = self._observation("time-measure", STEPS, day, self.truth.steps[day], "/d")
            one["device"] = {"reference": f"urn:uuid:{self._device_id}"}
            active = {"value": 31, "unit": "%", "system": UCUM, "code": "%"}
            coding = {"system": TEMPORARY, "code": "DeviceActivePercentage"}
            one["component"] = [{"code": {"coding": [coding]}, "valueQuantity": active}]
            made.append(one)
            if self.fault == Fault.SAME_DAY_TWO_VALUES:
                other = self.truth.steps[day] - 900
                made.append(self._observation("time-measure", STEPS, day, other, "/d"))
            if self.fault == Fault.UNIT_CHANGES and day > self._first:
                one["valueQuantity"].update(value=round(self.truth.steps[day] / 1440, 4))
                one["valueQuantity"].update(unit="/min", code="/min")
        return made

    def _week(self) -> list[Resource]:
        last = self._first + timedelta(days=self._days - 1)
        self.truth.resting = 57 + self._random.randrange(6)
        resting = self._observation("time-measure", RESTING, last, self.truth.resting, "/min")
        del resting["effectiveDateTime"]
        resting["effectivePeriod"] = {"start": str(self._first), "end": str(last)}
        return [
            resting,
            self._observation("time-measure", "8873-2", last, 141, "/min"),
            self._observation("time-measure", "41979-6", last, 1861, "kcal/24.h"),
        ]

    def _activity(self) -> list[Resource]:
        day, minutes = self._first, 45
        self.truth.run_min = minutes
        kind = self._observation("activity-measure", "73985-4", day)
        running = {"system": LOINC, "code": "LA11836-6", "display": "Running"}
        kind["valueCodeableConcept"] = {"coding": [running]}
        members = [kind]
        for code, value, unit in (
            ("55411-3", minutes, "min"), ("77592-4", 10, "min"), ("77593-2", 35, "min"),
            ("55422-0", 158, "/min"), ("55424-6", 438, "kcal"),
        ):  # fmt: skip
            members.append(self._observation("activity-measure", code, day, value, unit))
        group = self._observation("activity-group", "PAPanel", day)
        group["hasMember"] = [{"reference": f"urn:uuid:{one['id']}"} for one in members]
        if self.fault == Fault.MEMBER_MISSING:
            members.pop(1)
        if self.fault == Fault.GROUP_IN_A_CIRCLE:
            group["hasMember"].append({"reference": f"urn:uuid:{group['id']}"})
        return [group, *members]

    def _spoil(self, one: Resource) -> None:
        """Change what a fault changes in every observation, or in those with a quantity."""
        match self.fault:
            case Fault.SUBJECT_MISSING:
                del one["subject"]
            case Fault.ENTERED_IN_ERROR | Fault.PRELIMINARY:
                one["status"] = self.fault.replace("_", "-")
            case Fault.EFFECTIVE_MISSING:
                one.pop("effectiveDateTime", None)
                one.pop("effectivePeriod", None)
            case Fault.EFFECTIVE_IS_A_MONTH if "effectiveDateTime" in one:
                one["effectiveDateTime"] = one["effectiveDateTime"][:7]
            case Fault.FUTURE_DATE if "effectiveDateTime" in one:
                one["effectiveDateTime"] = "2999" + one["effectiveDateTime"][4:]
            case Fault.UNKNOWN_CODE:
                one["code"]["coding"][0].update(code="99999-9", display="Something else")
            case Fault.CODE_OF_ANOTHER_SYSTEM:
                one["code"]["coding"][0]["system"] = "http://snomed.info/sct"
            case _ if "valueQuantity" in one:
                self._spoil_value(one)
            case _:
                pass

    def _spoil_value(self, one: Resource) -> None:
        quantity: Resource = one["valueQuantity"]
        match self.fault:
            case Fault.UNIT_MISSING:
                one["valueQuantity"] = {"value": quantity["value"]}
            case Fault.UNIT_ONLY_FOR_PEOPLE:
                one["valueQuantity"] = {"value": quantity["value"], "unit": "per day"}
            case Fault.VALUE_IS_TEXT:
                quantity["value"] = f"{quantity['value']},0"
            case Fault.VALUE_ABSENT:
                del one["valueQuantity"]
                absent = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
                one["dataAbsentReason"] = {"coding": [{"system": absent, "code": "unknown"}]}
            case Fault.NEGATIVE_VALUE:
                quantity["value"] = -quantity["value"]
            case Fault.IMPOSSIBLE_VALUE:
                quantity["value"] *= 100_000
            case _:
                pass
