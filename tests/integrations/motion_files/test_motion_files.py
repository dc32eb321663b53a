"""Foreign key points become our landmarks; what we write is read back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehabctl.analysis.assessment import AngleSeries
from rehabctl.analysis.keypoint_series import KeypointSeries, ModelInfo, VideoInfo
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.integrations.motion_files import keypoint_json, mot, trc
from rehabctl.integrations.motion_files.points import to_series
from rehabctl.integrations.motion_files.skeletons import BY_NAME, SKELETON_BY_POINT_COUNT

RIGHT_KNEE, LEFT_TOE, NOSE = 26, 31, 0


def series(frames: int = 5) -> KeypointSeries:
    rng = np.random.default_rng(1)
    xy = rng.uniform(100, 600, (frames, 33, 2)).astype(np.float32)
    xy[2, RIGHT_KNEE] = np.nan
    return KeypointSeries(
        t_s=np.arange(frames) / 25,
        xy_px=xy,
        visibility=np.ones((frames, 33), np.float32),
        world_m=None,
        video=VideoInfo("0" * 64, 720, 1280, 0, frames / 25, frames, 25.0, False),
        model=ModelInfo("pose_landmarker_full", "1" * 64, "0.10.31", "5.0"),
    )


def test_trc_round_trip_keeps_pixels_times_and_gaps(tmp_path: Path) -> None:
    path = tmp_path / "a_px.trc"
    path.write_text(trc.write(series(), name=path.name))
    back = to_series(trc.read(path))
    np.testing.assert_allclose(back.xy_px, series().xy_px, atol=6e-4)
    np.testing.assert_allclose(back.t_s, series().t_s, atol=1e-6)
    assert np.isnan(back.xy_px[2, RIGHT_KNEE]).all()
    assert back.visibility[2, RIGHT_KNEE] == 0


def test_trc_in_millimetres_is_projected_onto_the_wanted_plane(tmp_path: Path) -> None:
    # hips one behind the other along z (the person faces +x), the knee 0.4 m ahead and 0.3 m down
    markers = {"RHip": (0, 900, 100), "LHip": (0, 900, -100), "RKnee": (400, 600, 100)}
    lines = [
        "PathFileType\t4\t(X/Y/Z)\tx.trc",
        "DataRate\tUnits",
        "100\tmm",
        "Frame#\tTime\t" + "\t\t\t".join(markers) + "\t\t",
        "\t\tX1\tY1\tZ1",
    ]
    values = "\t".join("\t".join(map(str, xyz)) for xyz in markers.values())
    lines += [f"{i}\t{i / 100}\t{values}" for i in range(3)]
    path = tmp_path / "x.trc"
    path.write_text("\n".join(lines))
    side = to_series(trc.read(path), plane="sagittal")
    thigh = side.xy_px[0, 26] - side.xy_px[0, 24]
    assert np.allclose(np.abs(thigh), (200, 150))
    assert thigh[1] > 0  # the knee is below the hip: y points down
    front = to_series(trc.read(path), plane="frontal")
    assert np.allclose(np.abs(front.xy_px[0, 26] - front.xy_px[0, 24]), (0, 150), atol=1e-3)
    assert front.world_m is not None


@pytest.mark.parametrize("text", ["", "PathFileType\t4\n", "name\n" * 9, "PathFileType\n" * 7])
def test_a_damaged_trc_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.trc"
    path.write_text(text)
    with pytest.raises(RehabctlError, match="not a readable TRC"):
        trc.read(path)


def openpose_frame(x: float) -> dict[str, object]:
    flat = [value for k in range(25) for value in (x + k, 10.0 * k, 0.9)]
    return {"version": 1.3, "people": [{"pose_keypoints_2d": flat}]}


def test_openpose_folder_is_read_in_frame_order(tmp_path: Path) -> None:
    for frame in (0, 1, 2, 10):
        name = f"clip_{frame}_keypoints.json"  # without padding: names sort wrongly
        (tmp_path / name).write_text(json.dumps(openpose_frame(float(frame))))
    foreign = keypoint_json.read(tmp_path, fps=30)
    assert foreign.skeleton == "openpose-body-25"
    assert foreign.points[:, NOSE, 0].tolist() == [0, 1, 2, 10]
    assert foreign.points[0, RIGHT_KNEE].tolist() == [10, 100]
    assert foreign.points[0, LEFT_TOE].tolist() == [19, 190]


@pytest.mark.parametrize("count", [17, 26, 136])
def test_result_lists_keep_the_person_who_was_largest_first(tmp_path: Path, count: int) -> None:
    def person(x: float, size: float) -> list[float]:
        return [v for k in range(count) for v in (x + size * (k % 5), size * k, 0.8)]

    rows = []
    for frame in range(4):
        rows.append({"image_id": f"{frame}.jpg", "keypoints": person(0, 10 - 2 * frame)})
        rows.append({"image_id": f"{frame}.jpg", "keypoints": person(900, 6)})
    path = tmp_path / "alphapose.json"
    path.write_text(json.dumps(rows))
    foreign = keypoint_json.read(path, fps=30)
    assert np.all(foreign.points[:, NOSE, 0] == 0)
    assert len(foreign.t_s) == 4


def test_a_coco_set_with_a_missing_frame_has_a_gap(tmp_path: Path) -> None:
    keypoints = [v for k in range(17) for v in (float(k), 1.0, 2)]
    rows = [{"image_id": i, "keypoints": keypoints} for i in (5, 6, 8)]
    path = tmp_path / "coco.json"
    path.write_text(json.dumps({"images": [], "annotations": rows}))
    foreign = keypoint_json.read(path, fps=10)
    assert np.isnan(foreign.points[2]).all()
    assert foreign.score[0, NOSE] == 1


def test_a_score_of_zero_is_missing_not_a_point_in_the_corner(tmp_path: Path) -> None:
    frame = openpose_frame(5)
    frame["people"][0]["pose_keypoints_2d"][:3] = [0, 0, 0]  # type: ignore[index]
    path = tmp_path / "a_0_keypoints.json"
    path.write_text(json.dumps(frame))
    assert np.isnan(keypoint_json.read(path, fps=30).points[0, NOSE]).all()


def test_a_frame_rate_is_asked_for(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        keypoint_json.read(tmp_path, fps=None)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["people", "keypoints", "annotations", "image_id", "pose_keypoints_2d"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(document=json_values)
def test_any_other_json_is_one_error(tmp_path_factory: pytest.TempPathFactory, document) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    path.write_text(json.dumps(document))
    with pytest.raises(RehabctlError):
        keypoint_json.read(path, fps=30)


def test_every_skeleton_has_the_limbs() -> None:
    limbs = {"lshoulder", "rshoulder", "lhip", "rhip", "lknee", "rknee", "lankle", "rankle"}
    for _name, labels in SKELETON_BY_POINT_COUNT.values():
        assert limbs <= {label.lower() for label in labels} & set(BY_NAME)


def test_mot_round_trip(tmp_path: Path) -> None:
    angles = [
        AngleSeries("knee_flexion", "right", (0.0, 0.1), (1.0, 2.5)),
        AngleSeries("trunk_inclination", "both", (0.0, 0.1), (3.0, None)),
    ]
    path = tmp_path / "a.mot"
    path.write_text(mot.write(angles, name="a"))
    t_s, columns = mot.read(path)
    assert t_s.tolist() == [0.0, 0.1]
    assert columns["knee_angle_r"].tolist() == [1.0, 2.5]
    assert np.isnan(columns["trunk_inclination"][1])


def test_mot_in_radians_becomes_degrees(tmp_path: Path) -> None:
    path = tmp_path / "a.sto"
    path.write_text("x\ninDegrees=no\nendheader\ntime\tknee_angle_r\n0\t3.14159265\n")
    assert mot.read(path)[1]["knee_angle_r"][0] == pytest.approx(180)


@pytest.mark.parametrize(
    "text", ["", "endheader", "endheader\ntime\ta\n1\t2\t3\n", "endheader\na\nx\n"]
)
def test_a_damaged_mot_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.mot"
    path.write_text(text)
    with pytest.raises(RehabctlError, match="not a readable motion file"):
        mot.read(path)


def test_real_files_of_other_tools_are_read(sample_data: Path) -> None:
    folder = sample_data / "pose"
    pixels = to_series(trc.read(folder / "sports2d" / "rohan_squat_px.trc"))
    assert pixels.world_m is None
    assert len(pixels.t_s) == 614
    metres = trc.read(folder / "pose2sim" / "S00_P00_T01_BalancingTrial_0-100.trc")
    assert metres.points.shape == (100, 33, 3)
    t_s, columns = mot.read(folder / "opencap" / "squats1_videoAndMocap.mot")
    assert len(t_s) == 801
    assert 70 < columns["knee_angle_r"].max() < 100


def test_image_numbers_that_are_no_frame_numbers_take_no_memory(tmp_path: Path) -> None:
    keypoints = [v for k in range(17) for v in (float(k), 1.0, 0.9)]
    rows = [{"image_id": i, "keypoints": keypoints} for i in (1, 10**12)]
    path = tmp_path / "coco.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(RehabctlError):
        keypoint_json.read(path, fps=30)
