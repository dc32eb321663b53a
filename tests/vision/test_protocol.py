"""Messages between the two processes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.keypoint_series import ModelInfo, PersonSample, VideoInfo
from rehabctl.domain.errors import NotFoundError, RehabctlError, UnavailableError
from rehabctl.vision.protocol import (
    Chunk,
    Facts,
    assemble,
    pack_chunk,
    pack_error,
    pack_facts,
    read_message,
    unpack_chunk,
    unpack_error,
    unpack_facts,
    write_message,
)

FACTS = Facts(
    video=VideoInfo("00" * 32, 100, 200, 90, 1.0, 30, 30.0, variable_frame_rate=True),
    model=ModelInfo("pose_landmarker_full", "11" * 32, "0.10.31", "5.0.0"),
    people=(PersonSample(0.5, ((1.0, 2.0, 3.0, 4.0),)), PersonSample(0.9, ())),
    options={"mirror": False},
)


def chunk(first_ms: float, frames: int) -> Chunk:
    rng = np.random.default_rng(int(first_ms))
    return Chunk(
        t_ms=first_ms + 33.3 * np.arange(frames),
        found=rng.random((frames, 33, 6), dtype=np.float32),
        signals=rng.random((frames, 3), dtype=np.float32),
    )


@given(st.lists(st.tuples(st.dictionaries(st.text(), st.integers()), st.binary()), max_size=5))
def test_messages_come_back_in_order(messages: list[tuple[dict[str, int], bytes]]) -> None:
    stream = io.BytesIO()
    for header, payload in messages:
        write_message(stream, header, payload)
    stream.seek(0)
    assert [read_message(stream) for _ in messages] == messages
    assert read_message(stream) is None


def test_message_that_breaks_off_is_the_end() -> None:
    stream = io.BytesIO()
    write_message(stream, {"kind": "chunk"}, b"0123456789")
    whole = stream.getvalue()
    for length in range(len(whole)):
        assert read_message(io.BytesIO(whole[:length])) is None


@pytest.mark.parametrize("kind", [RehabctlError, NotFoundError, UnavailableError])
def test_errors_keep_their_kind(kind: type[RehabctlError]) -> None:
    error = unpack_error(pack_error(kind("what", "next")))
    assert type(error) is kind
    assert str(error) == "what. Next."


def test_facts_survive_json() -> None:
    stream = io.BytesIO()
    write_message(stream, pack_facts(FACTS))
    stream.seek(0)
    message = read_message(stream)
    assert message is not None
    assert unpack_facts(message[0]) == FACTS


def test_chunks_of_segments_are_put_in_order_and_scaled() -> None:
    parts = [chunk(0, 4), chunk(1000, 3), chunk(2000, 1)]
    shuffled = [unpack_chunk(pack_chunk(parts[i])) for i in (2, 0, 1)]
    series = assemble(shuffled, FACTS)
    assert len(series.t_s) == 8
    assert np.array_equal(series.t_s, np.concatenate([part.t_ms for part in parts]) / 1000)
    assert np.array_equal(series.xy_px[4], parts[1].found[0, :, :2] * np.float32([100, 200]))
    assert np.array_equal(series.visibility[7], parts[2].found[0, :, 2])
    assert series.world_m is not None
    assert np.array_equal(series.world_m[0], parts[0].found[0, :, 3:])
    assert series.signals is not None
    assert np.array_equal(series.signals.change[:4], parts[0].signals[:, 2])
