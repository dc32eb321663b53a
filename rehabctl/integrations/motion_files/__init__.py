"""Keypoints and joint angles in other tools' files: TRC, MOT, OpenPose, COCO and HALPE JSON."""
