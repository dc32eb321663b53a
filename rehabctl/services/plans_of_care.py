"""Plans of care: written and signed, transmitted, certified; and what payers authorised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rehabctl.clinic import plan_of_care
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.domain.plan_of_care import (
    Authorisation,
    AuthorisationUse,
    CertificationKind,
    PlanFinding,
    PlanOfCareRecord,
)
from rehabctl.domain.visit import VisitStatus
from rehabctl.reference.plan_of_care import plan_clocks
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.plan_limits import authorisation_use
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class PlanView:
    """A patient's plan of care with what waits to be done about it."""

    plan: PlanOfCareRecord | None
    is_certified: bool
    rule_version: str | None
    treatment_days_since_report: int
    findings: tuple[PlanFinding, ...]
    authorisations: tuple[AuthorisationUse, ...]


def write(
    store: Store, rules: RuleTable, mrn: str, values: Mapping[str, Any], credentials: str
) -> PlanView:
    """Write and sign a plan of care; from now on it is the one in force.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    values
        diagnosis, long_term_goals, treatment_type, amount, frequency, duration_weeks, starts_on.
    credentials
        Of who signs, such as `PT, DPT`.

    Raises
    ------
    FindingsError
        A required element is missing; nothing is written.
    """
    if not credentials.strip():
        raise UsageError("a signature needs credentials", 'Give --credentials "PT, DPT"')
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode = _episode(uow, mrn)
        before = uow.documentation.plans(episode.id)
        starts_on = values.get("starts_on") or clinic_today(uow.clinic, uow.now)
        if before and starts_on < before[-1].starts_on:
            raise UsageError("the plan begins before the one in force", "Check --starts")
        clocks = plan_clocks(starts_on)
        plan = PlanOfCareRecord(
            id=uow.new_id(),
            patient=episode.patient,
            episode_id=episode.id,
            diagnosis=values["diagnosis"] or episode.diagnosis or "",
            long_term_goals=tuple(values["long_term_goals"]) or _long_goals(uow, episode),
            treatment_type=values["treatment_type"],
            amount=values["amount"],
            frequency=values["frequency"],
            duration_weeks=values["duration_weeks"],
            starts_on=starts_on,
            ends_on=plan_of_care.last_day(starts_on, values["duration_weeks"], clocks),
            is_initial=not before,
            signed_by=uow.user.id,
            credentials=credentials.strip(),
            signed_at=uow.now,
        )
        if missing := plan_of_care.missing_elements(plan):
            raise FindingsError(
                f"the plan says nothing about: {', '.join(missing)}", "Give them and try again"
            )
        uow.documentation.add_plan(plan)
        uow.episodes.update(replace(episode, plan_ends_on=plan.ends_on))
        uow.audit.record("plan.write", "plan_of_care", plan.id)
        triage.refresh(uow, [episode.patient], rules)
        return _view(uow, episode)


def _long_goals(uow: UnitOfWork, episode: Episode) -> tuple[str, ...]:
    """Return the long-term goals of the course of care that are still open."""
    return tuple(
        goal.description
        for goal in uow.episodes.goals(episode.patient.id)
        if goal.episode_id == episode.id and goal.term == "long" and goal.status == "open"
    )


def transmit(store: Store, mrn: str, on: date | None, to: str, proof: str) -> PlanView:
    """Note when and how the plan went to the physician."""
    if not proof.strip() or not to.strip():
        raise UsageError("a transmission needs a receiver and a proof", "Give --to and --proof")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode, plan = _newest(uow, mrn)
        day = _past_day(uow, on, plan)
        sent = replace(
            plan, transmitted_on=day, transmitted_to=to.strip(), transmission_proof=proof.strip()
        )
        uow.documentation.update_plan(sent)
        uow.audit.record("plan.transmit", "plan_of_care", plan.id)
        return _view(uow, episode)


def certify(store: Store, mrn: str, on: date | None, by: str) -> PlanView:
    """Note the physician's signature under the plan."""
    if not by.strip():
        raise UsageError("a certification needs a name", "Give --by")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode, plan = _newest(uow, mrn)
        signed = replace(
            plan,
            certified_on=_past_day(uow, on, plan),
            certified_by=by.strip(),
            certification=CertificationKind.COUNTERSIGNED,
        )
        uow.documentation.update_plan(signed)
        uow.audit.record("plan.certify", "plan_of_care", plan.id)
        return _view(uow, episode)


def _past_day(uow: UnitOfWork, on: date | None, plan: PlanOfCareRecord) -> date:
    today = clinic_today(uow.clinic, uow.now)
    day = on or today
    if not plan.starts_on <= day <= today:
        raise UsageError("the day lies before the plan or in the future", "Check --on")
    return day


def authorise(store: Store, mrn: str, values: Mapping[str, Any]) -> PlanView:
    """Put on file what a payer authorised.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    values
        Fields of `Authorisation` by name.

    Raises
    ------
    UsageError
        The dates or limits do not fit.
    RehabctlError
        The course of care has this number already.
    """
    if values["expires_on"] < values["starts_on"]:
        raise UsageError("the authorisation ends before it begins", "Check the dates")
    if values["visits"] is None and values["units"] is None:
        raise UsageError("an authorisation limits visits or units", "Give --visits or --units")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        episode = _episode(uow, mrn)
        given = Authorisation(uow.new_id(), episode.patient, episode.id, **values)
        if not uow.documentation.add_authorisation(given):
            raise RehabctlError(
                "this authorisation is on file already", "Look at: rehabctl plan show"
            )
        uow.audit.record("plan.authorise", "authorisation", given.id)
        return _view(uow, episode)


def show(store: Store, mrn: str) -> PlanView:
    """Return the newest plan with what waits to be done."""
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        episode = _episode(uow, mrn)
        uow.audit.record("plan.read", "episode", episode.id)
        return _view(uow, episode)


def _episode(uow: UnitOfWork, mrn: str) -> Episode:
    patient = uow.patients.get(mrn)
    episode = uow.episodes.active(patient.id)
    if episode is None:
        raise NotFoundError(
            "the patient has no active course of care", f"Open one: rehabctl episode open {mrn}"
        )
    return episode


def _newest(uow: UnitOfWork, mrn: str) -> tuple[Episode, PlanOfCareRecord]:
    episode = _episode(uow, mrn)
    plans = uow.documentation.plans(episode.id)
    if not plans:
        raise NotFoundError("no plan of care is written", f"Write it: rehabctl plan write {mrn}")
    return episode, plans[-1]


def _view(uow: UnitOfWork, episode: Episode) -> PlanView:
    episode = uow.episodes.get(episode.id)
    plans = uow.documentation.plans(episode.id)
    uses = tuple(authorisation_use(uow, episode.id, episode.patient.id))
    today = clinic_today(uow.clinic, uow.now)
    days = treatment_days(uow, episode)
    since = plan_of_care.report_days(days, episode.progress_report_on, today)
    if not plans:
        return PlanView(None, False, None, len(since), (), uses)
    plan, clocks = plans[-1], plan_clocks(plans[-1].starts_on)
    orders = [r.ordered_on for r in uow.episodes.referrals(episode.patient.id)
              if r.episode_id == episode.id]  # fmt: skip
    order_on = min(orders, default=None)
    found = plan_of_care.findings(
        plan,
        clocks,
        order_on=order_on,
        treatment_days=days,
        last_report_on=episode.progress_report_on,
        today=today,
    )
    certified = plan_of_care.is_certified(plan, order_on, clocks)
    return PlanView(plan, certified, clocks.version, len(since), tuple(found), uses)


def treatment_days(uow: UnitOfWork, episode: Episode) -> list[date]:
    """Return the local days of a course of care with a treatment that was held."""
    zone = ZoneInfo(uow.clinic.time_zone)
    return [
        visit.started_at.astimezone(zone).date()
        for visit in uow.visits.of_patient(episode.patient.id)
        if visit.episode_id == episode.id
        and visit.started_at is not None
        and visit.status is VisitStatus.COMPLETED
        and plan_of_care.counts(visit)
    ]
