"""The parts of Portero's AWS deployment, one component a file; infra/__main__.py puts them together."""
