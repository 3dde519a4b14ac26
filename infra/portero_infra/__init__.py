"""The parts of Portero's AWS deployment, one component per file; infra/__main__.py combines them."""
