"""One file for each service of the contract: a request becomes a question, its answer a response."""
