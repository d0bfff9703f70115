"""The parts of the benchmark: each has a plain form and ours of one computation."""
