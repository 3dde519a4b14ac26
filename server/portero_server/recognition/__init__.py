"""From a face in a frame to an answer: following, batching, tiers of engines, and sampling of the gate."""
