"""The engine that runs on this machine: faces by dlib, text by RapidOCR, the gallery in one matrix in memory."""
