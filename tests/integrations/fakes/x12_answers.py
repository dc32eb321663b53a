"""What a clearinghouse and a payer answer to X12 that they were given: 277CA, 835, 271 and 277.

Written from the layouts 005010X214, X221A1, X279A1 and X212 as public samples show them; pyx12
judges the first two in the self-test and has no map for the others. A payer here pays 60 %, writes
off 20 % (CO 45) and leaves 20 % to the patient (PR 2), so each 835 balances line by line; half
cents go to the write-off.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

CENT = Decimal("0.01")
DATE, SHORT_DATE, TIME = "20260302", "260302", "1500"


@dataclass
class Line:
    """One service line of a claim."""

    procedure: str = ""
    charge: Decimal = Decimal(0)
    units: str = "1"
    date: str = DATE
    control_number: str = ""

    @property
    def paid(self) -> Decimal:
        return (self.charge * Decimal("0.6")).quantize(CENT)

    @property
    def owed_by_patient(self) -> Decimal:
        return (self.charge * Decimal("0.2")).quantize(CENT)

    @property
    def written_off(self) -> Decimal:
        return self.charge - self.paid - self.owed_by_patient


@dataclass
class Claim:
    """One claim as the clearinghouse sees it."""

    pcn: str
    charge: Decimal
    place: str = ""
    frequency: str = "1"
    trace: str = ""
    patient: tuple[str, str, str] = ("", "", "")
    lines: list[Line] = field(default_factory=list[Line])


@dataclass
class Batch:
    """One interchange with claims."""

    sender: str
    receiver: str
    control_number: str
    test: bool
    reference: str = ""
    submitter: str = ""
    billing_name: str = "BILLING"
    billing_npi: str = ""
    payer: tuple[str, str] = ("", "")
    claims: list[Claim] = field(default_factory=list[Claim])


class NotX12Error(ValueError):
    """The text is not one whole interchange."""


def segments(text: str) -> Iterator[list[str]]:
    """Yield the segments of an interchange; components are joined by a colon whatever they had."""
    text = text.strip()
    if not text.startswith("ISA") or len(text) < 106:
        raise NotX12Error
    element, component, end = text[3], text[104], text[105]
    parts = [part.strip("\r\n") for part in text.split(end)]
    rows = [part.split(element) for part in parts if part]
    if rows[-1][0] != "IEA" or rows[-1][2] != rows[0][13]:
        raise NotX12Error
    for row in rows:
        joined = row if row[0] == "ISA" else [one.replace(component, ":") for one in row]
        yield [*joined, *[""] * 18]


def batch_of(text: str) -> Batch:
    """Read the claims of an 837P."""
    batch, person = Batch("", "", "", test=True), ("", "", "")
    for row in segments(text):
        claim = batch.claims[-1] if batch.claims else None
        match row[0], row[1]:
            case "ISA", _:
                batch = Batch(row[6].strip(), row[8].strip(), row[13], test=row[15] == "T")
            case "BHT", _:
                batch.reference = row[3]
            case "NM1", "41":
                batch.submitter = row[9]
            case "NM1", "85":
                batch.billing_name, batch.billing_npi = row[3], row[9]
            case "NM1", "PR":
                batch.payer = (row[3], row[9])
            case "NM1", "IL" | "QC":
                person = (row[3], row[4], row[9] or person[2])
            case "CLM", _:
                place, _, rest = row[5].partition(":")
                new = Claim(row[1], Decimal(row[2]), place, rest[-1:], patient=person)
                batch.claims.append(new)
            case "REF", "D9" if claim:
                claim.trace = row[2]
            case "LX", _ if claim:
                claim.lines.append(Line())
            case "SV1", _ if claim:
                code = row[1].removeprefix("HC:").split(":")[:5]
                line = claim.lines[-1]
                line.procedure, line.charge = ":".join(code).rstrip(":"), Decimal(row[2])
                line.units = row[4]
            case "DTP", "472" if claim and claim.lines:
                claim.lines[-1].date = row[3][:8]
            case "REF", "6R" if claim and claim.lines:
                claim.lines[-1].control_number = row[2]
            case _:
                pass
    if not batch.claims:
        raise NotX12Error
    return batch


def acknowledgement(batch: Batch, *, refused: str = "", number: int = 1) -> str:
    """Return a 277CA for all claims of a batch, refused for a reason or accepted."""
    total = sum((claim.charge for claim in batch.claims), Decimal(0))
    status, action = ("A7:128:85", "U") if refused else ("A2:20", "WQ")
    count, amount = ("AA", "YY") if refused else ("90", "YU")
    body = [
        f"BHT*0085*08*{number:09d}*{DATE}*{TIME}*TH",
        "HL*1**20*1",
        "NM1*AY*2*CLEARINGHOUSE*****46*CLEAR",
        f"TRN*1*{number:09d}",
        f"DTP*050*D8*{DATE}",
        f"DTP*009*D8*{DATE}",
        "HL*2*1*21*1",
        f"NM1*41*2*SUBMITTER*****46*{batch.submitter or batch.sender}",
        f"TRN*2*{batch.reference}",
        f"STC*A1:20*{DATE}*WQ*{total}",
        f"QTY*{count}*{len(batch.claims)}",
        f"AMT*{amount}*{total}",
        "HL*3*2*19*1",
        f"NM1*85*2*{batch.billing_name}*****XX*{batch.billing_npi}",
        "TRN*1*0",
        f"STC*A1:20**WQ*{total}",
    ]
    for index, claim in enumerate(batch.claims, 4):
        last, first, member = claim.patient
        body += [
            f"HL*{index}*3*PT",
            f"NM1*QC*1*{last}*{first}****MI*{member}",
            f"TRN*2*{claim.pcn}",
            f"STC*{status}*{DATE}*{action}*{claim.charge}" + (f"********{refused}" * bool(refused)),
        ]
        if not refused:
            body.append(f"REF*1K*{icn(claim)}")
        body.append(f"DTP*472*D8*{claim.lines[0].date if claim.lines else DATE}")
    return interchange("HN", "277", "005010X214", body, batch, number)


def remittance(batch: Batch, *, number: int = 1, check: str = "EFT0000001") -> str:
    """Return an 835 that pays a batch."""
    paid = sum((line.paid for claim in batch.claims for line in claim.lines), Decimal(0))
    body = [
        f"BPR*I*{paid}*C*ACH*CCP*01*111000025*DA*123456*1935665544**01*111000012*DA*654321*{DATE}",
        f"TRN*1*{check}*1935665544",
        f"DTM*405*{DATE}",
        f"N1*PR*{batch.payer[0] or 'PAYER'}",
        "N3*1 PAYER STREET",
        "N4*AUSTIN*TX*78701",
        "PER*BL*HELP DESK*TE*5125550100",
        f"N1*PE*{batch.billing_name}*XX*{batch.billing_npi}",
        "LX*1",
    ]
    for claim in batch.claims:
        last, first, member = claim.patient
        money = [sum((getattr(line, name) for line in claim.lines), Decimal(0)) for name in _SHARES]
        body += [
            f"CLP*{claim.pcn}*1*{claim.charge}*{money[0]}*{money[1]}*12*{icn(claim)}"
            f"*{claim.place}*{claim.frequency}",
            f"NM1*QC*1*{last}*{first}****MI*{member}",
        ]
        for line in claim.lines:
            body += [
                f"SVC*HC:{line.procedure}*{line.charge}*{line.paid}**{line.units}",
                f"DTM*472*{line.date}",
                f"CAS*CO*45*{line.written_off}",
                f"CAS*PR*2*{line.owed_by_patient}",
            ]
            if line.control_number:
                body.append(f"REF*6R*{line.control_number}")
            body.append(f"AMT*B6*{line.paid + line.owed_by_patient}")
    return interchange("HP", "835", "005010X221A1", body, batch, number)


_SHARES = ("paid", "owed_by_patient")


def icn(claim: Claim) -> str:
    """Return the payer's number for a claim; the same claim has the same number."""
    return f"ICN{sum(map(ord, claim.pcn)):06d}{len(claim.pcn):02d}"


def eligibility(inquiry: str, *, refused: str = "") -> str:
    """Return the 271 to a 270: covered, 13 visits of physical therapy left; or an AAA reason."""
    rows = list(segments(inquiry))
    named = {row[1]: row for row in rows if row[0] == "NM1"}
    who, whom, member = (_plain(named[code]) for code in ("PR", "1P", "IL"))
    body = [
        f"BHT*0022*11*{_of(rows, 'BHT')[3]}*{DATE}*{TIME}",
        *("HL*1**20*1", who, "HL*2*1*21*1", whom, "HL*3*2*22*0"),
    ]
    trace = _of(rows, "TRN")
    if trace[2]:
        body.append(f"TRN*2*{trace[2]}*{trace[3]}")
    body.append(member)
    if refused:
        body.append(f"AAA*N**{refused}*C")
    else:
        body += [
            "DTP*346*D8*20260101",
            "EB*1**30*C1*GOLD PLAN",
            "EB*1*IND*PT",
            "EB*B*IND*PT***27*30*****Y",
            "EB*F*IND*PT***29***VS*13**Y",
        ]
    return interchange("HB", "271", "005010X279A1", body, _envelope(rows), 1)


def claim_status(inquiry: str, *, category: str = "F1:65") -> str:
    """Return the 277 to a 276."""
    rows = list(segments(inquiry))
    named = {row[1]: _plain(row) for row in rows if row[0] == "NM1"}
    trace, amount = _of(rows, "TRN")[2], Decimal(_of(rows, "AMT")[2] or "0")
    paid = (amount * Decimal("0.6")).quantize(CENT)
    body = [
        f"BHT*0010*08*{_of(rows, 'BHT')[3]}*{DATE}*{TIME}*DG",
        *("HL*1**20*1", named["PR"], "HL*2*1*21*1", named["41"], "HL*3*2*19*1", named["1P"]),
        *("HL*4*3*22*0", named["IL"], f"TRN*2*{trace}"),
        f"STC*{category}*{DATE}**{amount}*{paid}*{DATE}**{DATE}*CHK1",
        "REF*1K*ICN00000102",
        f"DTP*472*D8*{_of(rows, 'DTP')[3][:8] or DATE}",
    ]
    return interchange("HN", "277", "005010X212", body, _envelope(rows), 1)


def interchange(
    group: str, kind: str, version: str, body: Iterable[str], to: Batch, number: int
) -> str:
    """Return one interchange with one transaction, from the receiver of `to` to its sender."""
    inside = [f"ST*{kind}*{number:04d}" + ("" if kind == "835" else f"*{version}"), *body]
    start, end = to.receiver.ljust(15)[:15], to.sender.ljust(15)[:15]
    usage = "T" if to.test else "P"
    head = f"ISA*00*          *00*          *ZZ*{start}*ZZ*{end}*{SHORT_DATE}*{TIME}*^*00501"
    return "".join(
        f"{one}~"
        for one in [
            f"{head}*{number:09d}*0*{usage}*:",
            f"GS*{group}*{to.receiver}*{to.sender}*{DATE}*{TIME}*{number}*X*{version}",
            *inside,
            f"SE*{len(inside) + 1}*{number:04d}",
            f"GE*1*{number}",
            f"IEA*1*{number:09d}",
        ]
    )


def _envelope(rows: list[list[str]]) -> Batch:
    head = rows[0]
    return Batch(head[6].strip(), head[8].strip(), head[13], test=head[15] == "T")


def _of(rows: list[list[str]], name: str) -> list[str]:
    return next((row for row in rows if row[0] == name), [""] * 20)


def _plain(row: list[str]) -> str:
    return "*".join(row).rstrip("*")
