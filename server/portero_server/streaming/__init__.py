"""Frame streams: sessions, the decisions they gather, group commits, and the answers to bridges."""
