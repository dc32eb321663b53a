"""What kind of answer a file is: told from its content, whatever it is."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fixtures.claims import clearinghouse
from rehabctl.services.claim_inbox import kind_of

SENT = clearinghouse.received(Path("fixtures/claims/month.837").read_bytes())
ANSWERS = {
    "999": clearinghouse.acceptance_999(SENT),
    "277CA": clearinghouse.answers_277ca([(SENT.claims[0], "A2:20:PR", "1")]),
    "277": clearinghouse.status_277(b"TRN*1*RC1~"),
    "271": clearinghouse.cover_271(b"TRN*1*E1*9~"),
    "835": clearinghouse.payment_835([(SENT.claims[0], "1", SENT.claims[0].total * 0 + 1)], "T"),
}


def test_each_answer_is_told_from_its_content() -> None:
    assert {kind: kind_of(data) for kind, data in ANSWERS.items()} == {k: k for k in ANSWERS}
    isa = ANSWERS["999"].split(b"~")[0] + b"~"
    assert kind_of(isa + b"TA1*000000001*260410*0900*A*000~IEA*0*000000501~") == "TA1"
    assert kind_of(Path("fixtures/claims/month.837").read_bytes()) == "unknown"


@given(st.binary(max_size=400), st.sampled_from(sorted(ANSWERS)), st.integers(0, 400))
def test_no_bytes_stop_it(noise: bytes, kind: str, cut: int) -> None:
    assert isinstance(kind_of(noise), str)
    assert isinstance(kind_of(ANSWERS[kind][:cut] + noise), str)
