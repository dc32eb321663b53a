"""Tests of video decoding, the pose network and the keypoint file."""
