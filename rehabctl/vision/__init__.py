"""Video decoding and pose landmarks. The only importer of OpenCV and MediaPipe."""
