"""Which of the 33 landmarks each foreign key point is; points we do not have are left out."""

from __future__ import annotations

from typing import Final

LANDMARK_NAMES: Final = (
    "Nose", "LEyeInner", "LEye", "LEyeOuter", "REyeInner", "REye", "REyeOuter", "LEar", "REar",
    "LMouth", "RMouth", "LShoulder", "RShoulder", "LElbow", "RElbow", "LWrist", "RWrist",
    "LSmallFinger", "RSmallFinger", "LIndex", "RIndex", "LThumb", "RThumb", "LHip", "RHip",
    "LKnee", "RKnee", "LAnkle", "RAnkle", "LHeel", "RHeel", "LBigToe", "RBigToe",
)  # fmt: skip
"""Names of our landmarks as marker files spell them (the HALPE spelling where it has one)."""

BY_NAME: Final = {name.lower(): index for index, name in enumerate(LANDMARK_NAMES)}

_COCO_17 = (
    "Nose", "LEye", "REye", "LEar", "REar", "LShoulder", "RShoulder", "LElbow", "RElbow",
    "LWrist", "RWrist", "LHip", "RHip", "LKnee", "RKnee", "LAnkle", "RAnkle",
)  # fmt: skip
_HALPE_26 = (
    *_COCO_17, "Head", "Neck", "Hip", "LBigToe", "RBigToe", "LSmallToe", "RSmallToe", "LHeel",
    "RHeel",
)  # fmt: skip
_BODY_25 = (
    "Nose", "Neck", "RShoulder", "RElbow", "RWrist", "LShoulder", "LElbow", "LWrist", "Hip",
    "RHip", "RKnee", "RAnkle", "LHip", "LKnee", "LAnkle", "REye", "LEye", "REar", "LEar",
    "LBigToe", "LSmallToe", "LHeel", "RBigToe", "RSmallToe", "RHeel",
)  # fmt: skip
_BODY_18 = (*_BODY_25[:8], *_BODY_25[9:19])

SKELETON_BY_POINT_COUNT: Final = {
    17: ("coco-17", _COCO_17),
    18: ("openpose-coco-18", _BODY_18),
    25: ("openpose-body-25", _BODY_25),
    26: ("halpe-26", _HALPE_26),
    136: ("halpe-136", _HALPE_26),
}
"""Skeleton name and point names by the number of points; further points (face, hands) follow."""


def landmark_index(name: str) -> int | None:
    """Return our landmark for a marker name, or None when we have no such landmark.

    Parameters
    ----------
    name
        A marker name such as `RKnee`, without regard to case.
    """
    return BY_NAME.get(name.strip().lower())
