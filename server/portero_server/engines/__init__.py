"""Recognition engines, which turn images into faces, matches and text, and the scheduler for paid calls.

`base` defines what an engine is. `local` and `rekognition` are engines, `scheduling` is the gate; none of the three
imports another.
"""
