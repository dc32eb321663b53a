"""From the recorded work of one visit to claim lines, each with the facts and rules behind it.

Nothing is attested by the program: KX and separateness (59, X..) are set only when a named person
states them, and separateness is offered only when time-stamped blocks prove it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from rehabctl.billing.assistants import marks_untimed, split_timed
from rehabctl.billing.claim_draft import (
    Draft,
    DraftFinding,
    DraftLine,
    ServiceFacts,
    VisitFacts,
    draft_error,
)
from rehabctl.billing.kx import AllowedAmount, kx_balance
from rehabctl.billing.preflight.breach import World
from rehabctl.billing.situations import missing_conditions
from rehabctl.billing.units import Service, UnitLine, count_units
from rehabctl.billing.visit_services import distinct
from rehabctl.domain.code_lists import CodeListKind, CodeTables
from rehabctl.domain.counting import counted
from rehabctl.domain.payer import FeeSchedule, ModifierPlace, PayerRules, TelehealthRule
from rehabctl.domain.visit import Channel
from rehabctl.reference.payers.assistants import load_assistant_rule
from rehabctl.reference.payers.claim_rules import load_visit_codes
from rehabctl.reference.payers.preflight import PreflightCodes, load_preflight_codes
from rehabctl.reference.payers.remote_services import service_families
from rehabctl.reference.payers.service_codes import CodeKind, load_ladder, load_service_code

_MOST_MODIFIERS = 4


def draft_lines(
    facts: VisitFacts,
    payer: PayerRules,
    fees: FeeSchedule | None,
    tables: CodeTables | None = None,
) -> Draft:
    """Make the claim lines of a visit by a payer's rules.

    Parameters
    ----------
    facts
        Of the visit.
    payer
        The rules that hold on the date of service.
    fees
        Of the payer on that date.
    tables
        Imported official lists; without one of pairs the seed is used.

    Raises
    ------
    UsageError
        A code or its minutes cannot be.
    RehabctlError
        A rule has no row for the date.
    """
    return _Drafting(facts, payer, fees, tables).run()


def monitoring_line(
    code: str, units: int, payer: PayerRules, fees: FeeSchedule | None, discipline: str, why: str
) -> tuple[DraftLine, tuple[DraftFinding, ...]]:  # fmt: skip
    """Make the line of a remote monitoring code: not telehealth, placed where the clinic is.

    Parameters
    ----------
    code, units
        As the evidence supports them.
    payer, fees
        As for visits, on the last day of the window or month.
    discipline
        GP, GO or GN.
    why
        What supports it.
    """
    charge, allowed, findings = _price(code, units, fees)
    modifiers = (discipline,) if payer.therapy_modifiers else ()
    line = DraftLine(
        code, units, modifiers, payer.in_person_place, charge, allowed, 0, (why,), (payer.source,)
    )
    return line, findings


def with_threshold(
    lines: Iterable[DraftLine], facts: VisitFacts, payer: PayerRules
) -> tuple[tuple[DraftLine, ...], tuple[DraftFinding, ...]]:
    """Set KX on lines above the yearly threshold when a person stated it.

    Parameters
    ----------
    lines
        In the order in which they use the threshold up.
    facts
        Discipline, date, earlier amounts and attestations.
    payer
        Whether the threshold holds.

    Raises
    ------
    RehabctlError
        The year has no threshold.
    """
    drafting = _Drafting(facts, payer, None)
    made = tuple(drafting.with_kx(lines))
    return made, tuple(drafting.findings)


class _Drafting:
    """State of one draft."""

    def __init__(
        self,
        facts: VisitFacts,
        payer: PayerRules,
        fees: FeeSchedule | None,
        tables: CodeTables | None = None,
    ) -> None:
        self.facts = facts
        self.payer = payer
        self.fees = fees
        self.codes: PreflightCodes = load_preflight_codes(facts.service_on)
        self.world = World(facts.service_on, self.codes, tables=tables)
        self.conditional = service_families(facts.service_on)
        self.findings: list[DraftFinding] = []

    def run(self) -> Draft:
        by_code = {service.code: service for service in self.facts.services}
        result = count_units(
            [Service(code, service.minutes) for code, service in by_code.items()],
            rule=self.payer.unit_rule,
            on=self.facts.service_on,
        )
        self._check_codes(by_code)
        self._check_situation(by_code)
        by_code = {line.code: self._recorded(line.code, by_code) for line in result.lines}
        separate = self._separate([line.code for line in result.lines if line.units], by_code)
        lines: list[DraftLine] = []
        for line in result.lines:
            if line.units == 0:
                message = line.remark or f"no unit comes of {counted(line.minutes, 'minute')}"
                self._find("no-unit", line.code, message, "Nothing to do", "info")
                continue
            service = by_code[line.code]
            for units, by_assistant in self._split(line, service):
                lines.append(
                    self._line(line, service, units, by_assistant, result.rule_version, separate)
                )
        return Draft(tuple(self.with_kx(lines)), tuple(self.findings), result.ties)

    def _find(
        self, rule: str, code: str | None, message: str, fix: str, severity: str = "error"
    ) -> None:
        self.findings.append(DraftFinding(rule, severity, code, message, fix))

    def _recorded(self, code: str, services: Mapping[str, ServiceFacts]) -> ServiceFacts:
        """Return the facts of a code; steps of a ladder share those that were recorded."""
        if code in services:
            return services[code]
        ladder = load_service_code(code, self.facts.service_on).ladder
        row = load_ladder(ladder, self.facts.service_on)
        return services[row.first if row.first in services else row.further]

    def _check_situation(self, services: Mapping[str, ServiceFacts]) -> None:
        if self.facts.situation is None:
            return
        stated = {(one.what, one.code) for one in self.facts.attestations if one.by.strip()}
        spans = {code: service.spans for code, service in services.items()}
        for one in missing_conditions(spans, self.facts.situation, stated, self.facts.service_on):
            self._find(one.rule, one.code, one.message, one.fix)

    def _check_codes(self, services: Mapping[str, ServiceFacts]) -> None:
        permitted = load_visit_codes(self.facts.kind, self.facts.service_on)
        for code, service in services.items():
            if code not in permitted.codes:
                kind = self.facts.kind.value
                message = f"{code} is not a code of a visit of kind {kind}"
                self._find("visit-code", code, message, "Correct the code or the kind of visit")
            if service.channel is Channel.IN_PERSON or code in self.conditional:
                continue
            if code in self.codes.hands_on:
                message = f"{code} needs hands and was recorded over {service.channel.value}"
                self._find("hands-on", code, message, "Correct the code or the channel")
            if service.channel not in self.payer.telehealth:
                message = f"{self.payer.key} has no rule for {service.channel.value}"
                self._find("channel", code, message, "Import the payer's rule, or do not bill it")
            if self.payer.in_person_first and not self.facts.earlier_in_person:
                message = f"{self.payer.key} asks for a visit in person first"
                self._find("in-person-first", code, message, "See the patient in person first")

    def _split(self, line: UnitLine, service: ServiceFacts) -> Iterator[tuple[int, bool]]:
        """Yield units, and whether they carry the assistant modifier: a mixed code is two lines."""
        on = self.facts.service_on
        if not service.assistant_minutes or not self.payer.assistants:
            yield line.units, False
        elif load_service_code(line.code, on).kind is CodeKind.TIMED:
            split = split_timed(
                service.therapist_minutes, service.assistant_minutes, line.units, on=on
            )
            if split.units_without:
                yield split.units_without, False
            if split.units_with:
                yield split.units_with, True
        else:
            marked = marks_untimed(service.therapist_minutes, service.assistant_minutes, on=on)
            yield line.units, marked

    def _line(
        self,
        line: UnitLine,
        service: ServiceFacts,
        units: int,
        by_assistant: bool,
        unit_rule: str,
        separate: Mapping[str, str],
    ) -> DraftLine:
        payer, on = self.payer, self.facts.service_on
        said: dict[ModifierPlace, str] = {}
        facts = [
            f"{service.therapist_minutes} min by a therapist, {service.assistant_minutes} by an "
            f"assistant, {service.channel.value.replace('_', ' ')}"
        ]
        rules = [unit_rule, f"{payer.key} {payer.valid_from}: {payer.source}"]
        therapy = line.code in self.codes.always_therapy or line.code in self.conditional
        if payer.therapy_modifiers and therapy:
            said[ModifierPlace.DISCIPLINE] = self.facts.discipline
        if by_assistant:
            rule = load_assistant_rule(on)
            rules.append(rule.version)
            modifier = rule.modifiers.get(self.facts.discipline)
            if modifier is not None:
                said[ModifierPlace.ASSISTANT] = modifier
        family = self.conditional.get(line.code)
        if family is not None:
            rules.append(f"{family.key}: {family.source} ({family.grade})")
            facts += [
                f"{one.what} stated by {one.by}"
                for one in self.facts.attestations
                if one.what in family.states and one.code in ("", line.code)
            ]
        if line.code in separate:
            said[ModifierPlace.SEPARATE] = payer.separate_modifier
            facts.append(f"distinct blocks, stated by {separate[line.code]}")
        remote = TelehealthRule(payer.in_person_place)
        if service.channel is not Channel.IN_PERSON and line.code not in self.conditional:
            remote = payer.telehealth.get(service.channel, remote)
        if remote.modifier:
            said[ModifierPlace.TELEHEALTH] = remote.modifier
        charge, allowed, findings = _price(line.code, units, self.fees)
        self.findings += [one for one in findings if one not in self.findings]
        return DraftLine(
            line.code, units, self._ordered(said, line.code), remote.place_of_service, charge,
            allowed, line.minutes, tuple(facts), tuple(rules),
        )  # fmt: skip

    def _ordered(self, said: Mapping[ModifierPlace, str], code: str) -> tuple[str, ...]:
        modifiers = tuple(said[place] for place in self.payer.modifier_order if place in said)
        if len(modifiers) > _MOST_MODIFIERS:
            message = f"{len(modifiers)} modifiers do not fit"
            self._find("modifier-count", code, message, "Leave out what the payer does not need")
        return modifiers

    def _separate(
        self, codes: Sequence[str], services: Mapping[str, ServiceFacts]
    ) -> dict[str, str]:
        """Return who stated that a code of a bundled pair was separate, where blocks prove it."""
        stated: dict[str, str] = {}
        on = self.facts.service_on
        if self.world.lacks(CodeListKind.NCCI, on):
            message = f"no imported list of pairs covers {on}"
            self._find("code-list-missing", None, message, "Import it: rehabctl import codes")
        order = {code: number for number, code in enumerate(codes)}
        for edit in self.world.pairs(frozenset(codes), on):
            earlier, later = edit.paid, edit.refused
            if not edit.ordered and order[earlier] > order[later]:
                earlier, later = later, earlier
            pair = f"{earlier} and {later}"
            if not edit.modifier_allowed:
                message = f"{pair} are bundled, and no modifier lifts it"
                self._find("pair-never", later, message, f"Bill {earlier} only")
                continue
            if not distinct(services[earlier].spans, services[later].spans):
                message = f"{pair} are bundled and no distinct blocks prove them separate"
                self._find("pair-unproven", later, message, "Bill one of them")
                continue
            by = self._stated_by("separate", later)
            if by is None:
                message = f"{pair} are bundled; their blocks are distinct"
                fix = "If they were separate services, attest it: --attest separate=NAME"
                self._find("pair-attestation", later, message, fix)
            else:
                stated[later] = by
        return stated

    def _stated_by(self, what: str, code: str) -> str | None:
        for one in self.facts.attestations:
            if one.what == what and one.code in ("", code) and one.by.strip():
                return one.by.strip()
        return None

    def with_kx(self, lines: Iterable[DraftLine]) -> Iterator[DraftLine]:
        """Yield the lines; those above the yearly threshold carry KX when a person stated it."""
        amounts = list(self.facts.earlier_allowed)
        on, discipline = self.facts.service_on, self.facts.discipline
        for line in lines:
            if not self.payer.kx:
                yield line
                continue
            if line.allowed_cents is None:
                message = "the allowed amount is not known, so the KX threshold cannot be kept"
                self._find("allowed-unknown", line.code, message, "Import the allowed amounts")
                yield line
                continue
            amounts.append(AllowedAmount(on, discipline, line.allowed_cents))
            balance = kx_balance(amounts, year=on.year, discipline=discipline)
            if not balance.above:
                yield line
                continue
            by = self._stated_by("KX", line.code)
            if by is None:
                message = f"the yearly threshold of {balance.bucket} is passed"
                fix = "If the plan of care needs it, attest it: --attest KX=NAME"
                self._find("kx-attestation", line.code, message, fix)
                yield line
                continue
            yield replace(
                line,
                modifiers=self._with(line.modifiers, ModifierPlace.KX, "KX", line.code),
                facts=(*line.facts, f"above the threshold of {balance.bucket}, stated by {by}"),
                rules=(
                    *line.rules,
                    f"KX threshold {balance.year}: {balance.threshold_cents} cents",
                ),
            )

    def _with(
        self, modifiers: tuple[str, ...], place: ModifierPlace, modifier: str, code: str
    ) -> tuple[str, ...]:
        places = {
            **dict.fromkeys(("GP", "GO", "GN"), ModifierPlace.DISCIPLINE),
            **dict.fromkeys(("CQ", "CO"), ModifierPlace.ASSISTANT),
            self.payer.separate_modifier: ModifierPlace.SEPARATE,
        }
        said = {places.get(one, ModifierPlace.TELEHEALTH): one for one in modifiers}
        return self._ordered({**said, place: modifier}, code)


def _price(
    code: str, units: int, fees: FeeSchedule | None
) -> tuple[int, int | None, tuple[DraftFinding, ...]]:
    if fees is None or code not in fees.charge_cents:
        missing = draft_error(
            "fee-missing", code, f"{code} has no charge", "Import the fee schedule"
        )
        return 0, None, (missing,)
    allowed = fees.allowed_cents.get(code)
    return fees.charge_cents[code] * units, None if allowed is None else allowed * units, ()
