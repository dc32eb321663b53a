"""Damaged X12 files: every reader answers with findings, whatever the bytes are.

A byte-level fuzzer over files of each kind, with a fixed seed: 3,000 inputs in `make test`, 100,000
in `make nightly`.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from random import Random

import pytest

from rehabctl.billing.preflight.breach import World
from rehabctl.billing.preflight.check import check_claims
from rehabctl.billing.remittance import check_file
from rehabctl.billing.x12.acknowledgements import read_answers
from rehabctl.billing.x12.eligibility_271 import read_eligibility
from rehabctl.billing.x12.envelope import EnvelopeChecker
from rehabctl.domain.errors import RehabctlError

from .test_preflight import ACCIDENT, DEPENDENT, SECOND, SELF, WORLD
from .x12.test_acknowledgements import CLAIMS_277, REJECTED_999
from .x12.test_eligibility import answer_with
from .x12.test_remittance_835 import file as remittance

DELIMITERS = b"~*:^\r\n \x00\xff"


def check(data: bytes, known: World) -> None:
    check_claims(io.BytesIO(data), known)


def answers(data: bytes, _: World) -> None:
    list(read_answers(io.BytesIO(data), EnvelopeChecker()))


def benefits(data: bytes, _: World) -> None:
    list(read_eligibility(io.BytesIO(data), EnvelopeChecker()))


def payments(data: bytes, _: World) -> None:
    check_file(io.BytesIO(data))


READERS: list[tuple[Callable[[bytes, World], None], list[bytes]]] = [
    (check, [text.encode() for text in (SELF, DEPENDENT, SECOND, ACCIDENT)]),
    (payments, [remittance()]),
    (answers, [CLAIMS_277.encode(), REJECTED_999.encode()]),
    (benefits, [answer_with("EB*1**30").encode()]),
]


def damaged(random: Random, whole: bytes, other: bytes) -> bytes:
    """Change, lose, double, swap or take over some bytes."""
    data = bytearray(whole)
    for _ in range(random.randint(1, 8)):
        at, size = random.randrange(len(data) + 1), random.randint(1, 60)
        match random.randrange(7):
            case 0:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 1:
                data[at : at + 1] = bytes([random.choice(DELIMITERS)])
            case 2:
                del data[at : at + size]
            case 3:
                data[at:at] = data[at : at + size]
            case 4:
                data[at:at] = random.randbytes(size)
            case 5:
                start = random.randrange(len(other))
                data[at:at] = other[start : start + size]
            case _:
                found = data.find(b"~", at)
                end = data.find(b"~", found + 1)
                if 0 <= found < end:  # a whole segment goes somewhere else
                    segment = data[found:end]
                    del data[found:end]
                    place = random.randrange(len(data) + 1)
                    data[place:place] = segment
    if random.random() < 0.1:
        del data[random.randrange(len(data) + 1) :]
    return bytes(data)


def run(seed: int, count: int) -> None:
    random = Random(seed)
    every = [whole for _, files in READERS for whole in files]
    for _ in range(count):
        read, files = random.choice(READERS)
        data = damaged(random, random.choice(files), random.choice(every))
        try:
            read(data, WORLD)
        except RehabctlError:  # one line with the next step
            continue
        except Exception as error:
            raise AssertionError(f"{read.__name__} of {data!r}") from error


def test_three_thousand_damaged_files_are_answered() -> None:
    run(1, 3_000)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(2, 12))
def test_a_hundred_thousand_damaged_files_are_answered(seed: int) -> None:
    run(seed, 10_000)
