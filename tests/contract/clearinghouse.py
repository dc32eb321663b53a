"""A made-up clearinghouse and payer: it reads a claim file by separators only and answers it.

Written from the public shapes of 999, 277CA and 835; it knows nothing of the product's own writer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class SentClaim:
    """What a receiver sees of one claim."""

    number: str
    total: Decimal
    frequency: str
    original: str
    lines: tuple[tuple[str, Decimal, str], ...]
    """Procedure with modifiers, charge, units."""


@dataclass(frozen=True)
class SentFile:
    """What a receiver sees of one file."""

    control: str
    group: str
    usage: str
    claims: tuple[SentClaim, ...]


def received(data: bytes) -> SentFile:
    """Read a file as its receiver does."""
    segments = [part.strip().split("*") for part in data.decode("ascii").split("~")]
    control = group = usage = ""
    claims: list[SentClaim] = []
    lines: list[tuple[str, Decimal, str]] = []
    head: list[str] = []
    original = ""

    def close() -> None:
        if head:
            claims.append(
                SentClaim(head[1], Decimal(head[2]), head[5].split(":")[2], original, tuple(lines))
            )

    for segment in segments:
        if segment[0] == "ISA":
            control, usage = segment[13], segment[15]
        elif segment[0] == "GS":
            group = segment[6]
        elif segment[0] in ("CLM", "SE"):
            close()
            head, lines, original = (segment if segment[0] == "CLM" else []), [], ""
        elif segment[:2] == ["REF", "F8"]:
            original = segment[2]
        elif segment[0] == "SV1":
            lines.append((segment[1], Decimal(segment[2]), segment[4]))
    return SentFile(control, group, usage, tuple(claims))


def _envelope(kind: str, version: str, body: str, control: int) -> bytes:
    count = body.count("~") + 2
    return (
        "ISA*00*          *00*          *ZZ*CLEARINGHSE    *ZZ*EXAMPLEPT      "
        f"*260410*0900*^*00501*{control:09d}*0*T*:~"
        f"GS*{kind}*CLEARINGHSE*EXAMPLEPT*20260410*0900*{control}*X*{version}~"
        f"ST*{ {'FA': '999', 'HN': '277', 'HP': '835'}[kind] }*0001*{version}~{body}"
        f"SE*{count}*0001~GE*1*{control}~IEA*1*{control:09d}~"
    ).encode("ascii")


def acceptance_999(sent: SentFile, verdict: str = "A") -> bytes:
    """Answer a file as a whole."""
    taken = 1 if verdict == "A" else 0
    body = (
        f"AK1*HC*{sent.group}*005010X222A1~AK2*837*0001*005010X222A1~IK5*{verdict}~"
        f"AK9*{verdict}*1*1*{taken}~"
    )
    return _envelope("FA", "005010X231A1", body, 501)


def answers_277ca(verdicts: Iterable[tuple[SentClaim, str, str]]) -> bytes:
    """Answer claims, each with a status such as `A2:20` and the payer's number."""
    body = (
        "BHT*0085*08*1*20260410*0900*TH~HL*1**20*1~NM1*PR*2*PAYER*****PI*1~TRN*1*9~HL*2*1*21*1~"
        "NM1*41*2*CLINIC*****46*EXAMPLEPT~TRN*2*1~STC*A1:19:PR*20260410*WQ*1~HL*3*2*19*1~"
        "NM1*85*2*CLINIC*****XX*1245319599~TRN*1*0~"
    )
    for level, (claim, status, number) in enumerate(verdicts, start=4):
        action = "WQ" if status.startswith("A2") else "U"
        body += (
            f"HL*{level}*3*PT~NM1*QC*1*X****MI*1~TRN*2*{claim.number}~"
            f"STC*{status}*20260410*{action}*{claim.total}~REF*1K*{number}~"
        )
    return _envelope("HN", "005010X214", body, 502)


def payment_835(
    claims: Iterable[tuple[SentClaim, str, Decimal]], trace: str, off_by: Decimal = Decimal(0)
) -> bytes:
    """Pay a share of each claim: (claim, payer's number, share); a share of 0 denies it.

    What is not paid is CO-45 on each line, or CO-50 when denied.
    """
    body, total = "", Decimal(0)
    for claim, number, share in claims:
        paid = [(line, (line[1] * share).quantize(Decimal("0.01"))) for line in claim.lines]
        claim_paid = sum((amount for _, amount in paid), Decimal(0))
        total += claim_paid
        status, reason = ("1", "45") if share else ("4", "50")
        body += f"CLP*{claim.number}*{status}*{claim.total}*{claim_paid}**MB*{number}~"
        for (procedure, charge, units), amount in paid:
            body += f"SVC*{procedure}*{charge}*{amount}**{units}~DTM*472*20260304~"
            body += f"CAS*CO*{reason}*{charge - amount}~"
    head = (
        f"BPR*I*{total + off_by}*C*ACH************20260415~TRN*1*{trace}*1999999999~"
        "N1*PR*MEDICARE*PI*04412~N3*1 ST~N4*AUSTIN*TX*78701~N1*PE*CLINIC*XX*1245319599~LX*1~"
    )
    return _envelope("HP", "005010X221A1", head + body, 503)
