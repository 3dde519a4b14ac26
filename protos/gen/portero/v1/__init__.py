"""Generated from protos/portero/v1; never edited."""
