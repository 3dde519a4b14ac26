"""The engine that runs on this machine: faces by dlib, text by RapidOCR, everybody in one matrix."""
