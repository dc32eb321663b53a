"""Writers of the questions to a payer: 270 (005010X279A1) and 276 (005010X212)."""

from __future__ import annotations

from collections.abc import Iterator

from rehabctl.billing.x12.claim_parties import Emit, person_or_organization
from rehabctl.billing.x12.writer import SegmentWriter, money
from rehabctl.domain.claim import Insured, PersonName, Provider
from rehabctl.domain.eligibility import EligibilityQuestion, Exchange, StatusQuestion

_ELIGIBILITY = "005010X279A1"
_STATUS = "005010X212"


def write_eligibility(question: EligibilityQuestion, exchange: Exchange) -> str:
    """Return a 270 that asks about one insured person.

    Parameters
    ----------
    question
        Whom and what is asked about.
    exchange
        The envelope.

    Raises
    ------
    FindingsError
        A text holds what the file cannot carry.
    """
    writer = SegmentWriter()
    day, minute = f"{exchange.created_at:%Y%m%d}", f"{exchange.created_at:%H%M}"
    emit = writer.segment

    def body() -> Iterator[str]:
        yield emit("BHT", "0022", "13", f"{exchange.control_number:09d}", day, minute)
        yield from _asked(emit, question.payer.name, question.payer.identifier)
        yield emit("HL", 2, 1, "21", 1)
        yield person_or_organization(emit, "1P", question.provider)
        insured, patient = question.insured, question.patient
        origin = f"9{question.provider.npi}"[:10]
        trace = "TRN", "1", question.trace_number, origin
        yield emit("HL", 3, 2, "22", 0 if patient is None else 1)
        if patient is None:
            yield emit(*trace)
        yield _holder(emit, insured)
        if insured.birth_date is not None:
            yield emit("DMG", "D8", f"{insured.birth_date:%Y%m%d}", insured.sex)
        if patient is not None:
            yield emit("HL", 4, 3, "23", 0)
            yield emit(*trace)
            yield emit("NM1", "03", "1", *_parts(patient.name))
            yield emit("DMG", "D8", f"{patient.birth_date:%Y%m%d}", patient.sex)
            yield emit("INS", "N", patient.relationship)
        yield emit("DTP", "291", "D8", f"{question.on:%Y%m%d}")
        for service_type in question.service_types:
            yield emit("EQ", service_type)

    return _file(writer, exchange, "HS", "270", _ELIGIBILITY, body())


def write_status(question: StatusQuestion, exchange: Exchange) -> str:
    """Return a 276 that asks what has become of one claim.

    Parameters
    ----------
    question
        Which claim is asked about.
    exchange
        The envelope.

    Raises
    ------
    FindingsError
        A text holds what the file cannot carry.
    """
    writer = SegmentWriter()
    day, minute = f"{exchange.created_at:%Y%m%d}", f"{exchange.created_at:%H%M}"
    emit = writer.segment

    def body() -> Iterator[str]:
        yield emit("BHT", "0010", "13", f"{exchange.control_number:09d}", day, minute)
        yield from _asked(emit, question.payer.name, question.payer.identifier)
        yield emit("HL", 2, 1, "21", 1)
        submitter = question.submitter_name, None, None, None, None, "46", question.submitter_id
        yield emit("NM1", "41", "2", *submitter)
        yield emit("HL", 3, 2, "19", 1)
        yield person_or_organization(emit, "1P", Provider(question.provider.npi, _name(question)))
        patient = question.patient
        born = "DMG", "D8", f"{question.birth_date:%Y%m%d}", question.sex
        yield emit("HL", 4, 3, "22", 0 if patient is None else 1)
        if patient is None:
            yield emit(*born)
        yield _holder(emit, question.insured)
        if patient is not None:
            yield emit("HL", 5, 4, "23")
            yield emit(*born)
            yield emit("NM1", "QC", "1", *_parts(patient.name))
        yield emit("TRN", "1", question.claim_number)
        if question.payer_claim_id:
            yield emit("REF", "1K", question.payer_claim_id)
        yield emit("AMT", "T3", money(question.charged))
        span = f"{question.service_from:%Y%m%d}-{question.service_to:%Y%m%d}"
        if question.service_from == question.service_to:
            yield emit("DTP", "472", "D8", span[:8])
        else:
            yield emit("DTP", "472", "RD8", span)

    return _file(writer, exchange, "HR", "276", _STATUS, body())


def _holder(emit: Emit, insured: Insured) -> str:
    return emit("NM1", "IL", "1", *_parts(insured.name), "MI", insured.member_id)


def _parts(name: PersonName) -> tuple[str, str, str, None, str]:
    return name.family, name.given, name.middle, None, name.suffix


def _name(question: StatusQuestion) -> str:
    provider = question.provider
    return provider.organization or (provider.person.family if provider.person else "")


def _asked(emit: Emit, name: str, identifier: str) -> Iterator[str]:
    yield emit("HL", 1, None, "20", 1)
    yield emit("NM1", "PR", "2", name, None, None, None, None, "PI", identifier)


def _file(
    writer: SegmentWriter,
    exchange: Exchange,
    group: str,
    kind: str,
    version: str,
    body: Iterator[str],
) -> str:
    number, emit = exchange.control_number, writer.segment
    out = [writer.interchange(exchange), writer.group(exchange, group, version)]
    writer.count = 0
    out.append(emit("ST", kind, "0001", version))
    out.extend(body)
    out.append(emit("SE", writer.count + 1, "0001"))
    out += [emit("GE", 1, number), emit("IEA", 1, f"{number:09d}")]
    return "".join(out)
