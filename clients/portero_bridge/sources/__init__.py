"""Camera sources. A new kind of source is one file here and one line in `registry.py`."""
