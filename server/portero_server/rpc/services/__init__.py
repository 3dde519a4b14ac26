"""One file per service of the contract: each method converts a request, calls the domain, and converts the answer."""
