"""Whatever turns images into faces, matches and text, and the gate in front of those that cost money.

`base` says what an engine is. `local` and `rekognition` are engines, `scheduling` is the gate; none of the three knows
another.
"""
