"""Labels of repetitions and remarks on both engines, and their export under made-up names."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import text

from rehabctl.analysis.assess import assess
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.review import RepetitionLabel
from rehabctl.domain.review_item import LabelledRepetition, ReviewComment, ReviewItem
from rehabctl.reference.rules import load_rules
from rehabctl.services import assessments, consents, repetition_labels, review
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from rehabctl.vision import keypoints
from tests.analysis.rendered_clips import clip
from tests.contract.conftest import NOW, at
from tests.contract.records import assessment, given_patient

CORRECT, COMPENSATED, INCORRECT = RepetitionLabel


def queued(store: Store, mrn: str = "1042") -> tuple[ReviewItem, UUID]:
    ref = given_patient(store, mrn)
    with store.transaction() as uow:
        record = assessment(uow, ref, NOW)
        uow.assessments.save(record)
        item = ReviewItem(uow.new_id(), ref, record.id, 0.5, NOW)
        uow.reviews.enqueue(item)
        return item, uow.user.id


def test_a_later_label_replaces_the_one_before(store: Store) -> None:
    item, user = queued(store)
    with store.transaction() as uow:
        labels = [
            LabelledRepetition(
                uow.new_id(), item.patient, item.assessment_id, number, CORRECT, user, NOW
            )
            for number in (1, 2)
        ]
        uow.reviews.set_labels(labels)
        later = replace(labels[1], id=uow.new_id(), label=INCORRECT)
        uow.reviews.set_labels([later])
        found = uow.reviews.labels(item.assessment_id)
        assert [(one.repetition, one.label) for one in found] == [(1, CORRECT), (2, INCORRECT)]
        assert uow.reviews.labels() == found
        assert uow.reviews.labels(uow.new_id()) == ()


def test_a_label_hangs_on_its_own_patients_assessment(store: Store) -> None:
    item, user = queued(store)
    other = given_patient(store, "2")
    label = LabelledRepetition(uuid4(), other, item.assessment_id, 1, CORRECT, user, NOW)
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.reviews.set_labels([label])


def test_remarks_come_in_the_order_of_the_recording(store: Store) -> None:
    item, user = queued(store)
    with store.transaction() as uow:
        made = [
            ReviewComment(uow.new_id(), item.patient, item.id, user, at_s, "heel lifts", landmark)
            for at_s, landmark in ((4.0, None), (1.5, 25))
        ]
        for one in made:
            uow.reviews.add_comment(one)
        assert uow.reviews.comments(item.id) == (made[1], made[0])
    review.comment(store, str(item.assessment_id), at_s=0.5, body=" knee in ", landmark=None)
    assert review.comments(store, str(item.assessment_id))[0].body == "knee in"
    with pytest.raises(UsageError):
        review.comment(store, str(item.assessment_id), at_s=0.5, body=" ")


def measured(store: Store, mrn: str, *scopes: ConsentScope) -> UUID:
    """A measured recording in the review queue: five full squats and two partial ones."""
    ref = given_patient(store, mrn, given_name="Olga", family_name="Quimby")
    for scope in (ConsentScope.BODY_TRACKING, *scopes):
        consents.grant(store, mrn, scope)
    shown = clip("squat_count5_partial2")
    stored = assessments.save(
        store,
        load_rules(),
        ref,
        shown.series,
        assess(shown.series, shown.measurement, exercise=shown.slug),
        recorded_at=NOW,
        exercise_version=1,
        request_key="a" * 64,
    )
    return stored.assessment_id


def test_only_repetitions_of_the_recording_are_labelled(store: Store) -> None:
    found = measured(store, "1")
    labelled = repetition_labels.label(store, found, {1: CORRECT, 7: COMPENSATED})
    assert [one.repetition for one in labelled] == [1, 7]
    with pytest.raises(NotFoundError, match="no repetition 8"):
        repetition_labels.label(store, found, {2: CORRECT, 8: CORRECT})
    shown = repetition_labels.labels_of(store, found)
    assert [word for _, word in shown] == [CORRECT, None, None, None, None, None, COMPENSATED]


def test_only_who_allows_it_now_is_exported_and_nobody_is_named(
    store: Store, auditor: Store, tmp_path: Path
) -> None:
    allowed = measured(store, "MRN-77", ConsentScope.MODEL_TRAINING)
    for other in (measured(store, "MRN-78"), allowed):
        repetition_labels.label(store, other, {1: CORRECT, 3: INCORRECT})
    revoked = measured(store, "MRN-79", ConsentScope.MODEL_TRAINING)
    repetition_labels.label(store, revoked, {1: CORRECT})
    consents.revoke(store, "MRN-79", ConsentScope.MODEL_TRAINING)
    expired = measured(store, "MRN-80")
    repetition_labels.label(store, expired, {1: CORRECT})
    consents.grant(store, "MRN-80", ConsentScope.MODEL_TRAINING, expires_at=NOW + timedelta(days=1))
    later, target = at(store, NOW + timedelta(days=2)), tmp_path / "labels"
    assert not target.exists()
    counted = repetition_labels.export(later, target, dry_run=True)
    assert not target.exists()
    assert repetition_labels.export(later, target) == counted
    assert (counted.recordings, counted.repetitions, counted.persons) == (1, 2, 1)
    assert (counted.without_consent, counted.without_keypoints) == (3, 0)
    with (target / "labels.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert tuple(rows[0]) == repetition_labels.COLUMNS
    assert [(r["repetition"], r["kind"], r["label"]) for r in rows] == [
        ("1", "full", "correct"),
        ("3", "partial", "incorrect"),
    ]
    (file,) = target.glob("*.npz")
    assert file.stem == rows[0]["recording"]
    series, shown = keypoints.read(file), clip("squat_count5_partial2").series
    assert len(series.t_s) == len(shown.t_s)
    assert (series.people, series.video.sha256 == shown.video.sha256) == ((), False)
    with np.load(file, allow_pickle=False) as packed:
        written = bytes(packed["header"]) + (target / "labels.csv").read_bytes()
    written += " ".join(str(path) for path in target.iterdir()).encode()
    for secret in ("MRN-77", "Quimby", "Olga", str(allowed), allowed.hex, shown.video.sha256):
        assert secret.encode() not in written
    with pytest.raises(UsageError, match="exists"):
        repetition_labels.export(later, target)
    with auditor.engine.connect() as connection:
        actions = set(connection.execute(text("SELECT action FROM audit_entry")).scalars())
    assert {"review.label", "review.labels_export", "review.labels_count"} <= actions


def test_an_export_that_cannot_be_written_leaves_nothing(store: Store, tmp_path: Path) -> None:
    found = measured(store, "1", ConsentScope.MODEL_TRAINING)
    repetition_labels.label(store, found, {1: CORRECT})
    with pytest.raises(RehabctlError, match="cannot write"):
        repetition_labels.export(store, tmp_path / "missing" / "labels")
    for blob in store.blobs._folder.rglob("*"):  # a file that was lost
        if blob.is_file():
            blob.unlink()
    before = set(tmp_path.iterdir())
    with pytest.raises(RehabctlError):
        repetition_labels.export(store, tmp_path / "labels")
    assert set(tmp_path.iterdir()) == before
