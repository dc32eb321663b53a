"""How clinicians saw single repetitions, and their export for the training of better models."""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.recording import StoredAssessment
from rehabctl.domain.review import RepetitionLabel
from rehabctl.domain.review_item import LabelledRepetition
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store

COLUMNS = (
    "recording", "person", "exercise", "repetition", "side", "kind", "start_s", "peak_s", "end_s",
    "label", "model_sha256", "algorithm_version",
)  # fmt: skip
"""Of `labels.csv`; `recording` names the keypoint file beside it."""


@dataclass(frozen=True, slots=True)
class LabelExport:
    """What an export holds, and how many labelled recordings it leaves out."""

    recordings: int
    repetitions: int
    persons: int
    without_consent: int
    without_keypoints: int


@dataclass(frozen=True, eq=False)
class _Labelled:
    """One recording whose labels may leave the store."""

    assessment: StoredAssessment
    labels: Sequence[LabelledRepetition]
    blob_sha256: str


def label(
    store: Store, assessment_id: UUID, labels: Mapping[int, RepetitionLabel]
) -> tuple[LabelledRepetition, ...]:
    """Label repetitions of a recording and return all labels that it has then.

    Parameters
    ----------
    store
        The open store.
    assessment_id
        Of the recording.
    labels
        By number of the repetition; a later label replaces the one before.

    Raises
    ------
    NotFoundError
        The recording was never queued for review, or has no such repetition.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        item = uow.reviews.of_assessment(assessment_id)
        known = _repetitions(uow.assessments.get(assessment_id))
        if missing := sorted(labels.keys() - known.keys()):
            raise NotFoundError(
                f"the recording has no repetition {missing[0]}", f"It has {len(known)}"
            )
        uow.reviews.set_labels(
            [
                LabelledRepetition(
                    uow.new_id(), item.patient, assessment_id, number, word, uow.user.id, uow.now
                )
                for number, word in sorted(labels.items())
            ]
        )
        uow.audit.record(
            "review.label", "movement_assessment", assessment_id, {"repetitions": len(labels)}
        )
        return uow.reviews.labels(assessment_id)


def labels_of(
    store: Store, assessment_id: UUID
) -> list[tuple[Mapping[str, Any], RepetitionLabel | None]]:
    """Return every repetition of a recording with its label.

    Parameters
    ----------
    store
        The open store.
    assessment_id
        Of the recording.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        known = _repetitions(uow.assessments.get(assessment_id))
        found = {one.repetition: one.label for one in uow.reviews.labels(assessment_id)}
        uow.audit.record("review.labels_read", "movement_assessment", assessment_id)
        return [(row, found.get(number)) for number, row in sorted(known.items())]


def _repetitions(assessment: StoredAssessment) -> dict[int, Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = assessment.result["repetitions"]["items"]
    return {row["index"]: row for row in rows}


def export(store: Store, target: Path, *, dry_run: bool = False) -> LabelExport:
    """Write keypoints and labels of the patients who allow it, under made-up names.

    A person's name is a hash of the patient's random identifier: it is the same in every export, so
    that a clinic can say what has to be deleted when a consent is taken back, and tells nobody else
    who it is. Dates, record numbers, hashes of the films and bystanders stay behind.

    Parameters
    ----------
    store
        The open store.
    target
        Folder to make: `labels.csv` and one keypoint file a recording.
    dry_run
        Only count.

    Raises
    ------
    UsageError
        The folder exists.
    RehabctlError
        It cannot be written, or keypoints are damaged; nothing is left behind.
    """
    if target.exists():
        raise UsageError(f"{target.name} exists", "Name a new folder")
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        allowed = uow.consents.allowed_by(ConsentScope.MODEL_TRAINING)
        by_assessment: dict[UUID, list[LabelledRepetition]] = {}
        for one in uow.reviews.labels():
            by_assessment.setdefault(one.assessment_id, []).append(one)
        chosen: list[_Labelled] = []
        without_consent = without_keypoints = 0
        for assessment_id, labels in by_assessment.items():
            if labels[0].patient.id not in allowed:
                without_consent += 1
                continue
            assessment = uow.assessments.get(assessment_id)
            if assessment.keypoints_id is None:
                without_keypoints += 1
                continue
            blob = uow.recordings.keypoints(assessment.keypoints_id).blob_sha256
            chosen.append(_Labelled(assessment, labels, blob))
        action = "review.labels_count" if dry_run else "review.labels_export"
        uow.audit.read(action, "movement_assessment", [one.assessment.id for one in chosen])
    if not dry_run:
        _write(store, target, chosen)
    return LabelExport(
        recordings=len(chosen),
        repetitions=sum(len(one.labels) for one in chosen),
        persons=len({one.assessment.patient.id for one in chosen}),
        without_consent=without_consent,
        without_keypoints=without_keypoints,
    )


def _write(store: Store, target: Path, chosen: Sequence[_Labelled]) -> None:
    """Write the folder whole or not at all."""
    try:
        part = Path(tempfile.mkdtemp(prefix=".labels-", dir=target.absolute().parent))
    except OSError as error:
        raise _not_written(target, error) from None
    try:
        rows = [row for one in chosen for row in _rows(one)]
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows([row[name] for name in COLUMNS] for row in rows)
        (part / "labels.csv").touch(0o600)
        (part / "labels.csv").write_text(text.getvalue(), "utf-8")
        for one in chosen:
            _write_keypoints(store, one, part / f"{_pseudonym(one.assessment.id)}.npz")
        part.rename(target)
    except OSError as error:
        raise _not_written(target, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _not_written(target: Path, error: OSError) -> RehabctlError:
    return RehabctlError(f"cannot write {target.name}: {error.strerror}", "Choose another folder")


def _write_keypoints(store: Store, one: _Labelled, path: Path) -> None:
    from rehabctl.vision import keypoints

    with store.blobs.open(one.blob_sha256) as stream:
        series = keypoints.read(stream)
    video = replace(series.video, sha256=hashlib.sha256(path.stem.encode()).hexdigest())
    keypoints.write(replace(series, video=video, people=()), path)


def _rows(one: _Labelled) -> Iterator[dict[str, Any]]:
    known = _repetitions(one.assessment)
    for labelled in one.labels:
        repetition = known[labelled.repetition]
        yield {
            "recording": _pseudonym(one.assessment.id),
            "person": _pseudonym(one.assessment.patient.id),
            "exercise": one.assessment.exercise,
            "label": labelled.label.value,
            "model_sha256": one.assessment.model_sha256,
            "algorithm_version": one.assessment.algorithm_version,
            "repetition": labelled.repetition,
            **{key: repetition[key] for key in ("side", "kind", "start_s", "peak_s", "end_s")},
        }


def _pseudonym(identifier: UUID) -> str:
    """Return a name that only who has the store can lead back: identifiers are random."""
    return hashlib.sha256(b"rehabctl labels " + identifier.bytes).hexdigest()[:16]
