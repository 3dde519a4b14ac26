"""Finds faces: one `FaceDetector` over one of several finders, chosen by `choice`."""
