"""Exact dynamic programming on tabular Markov decision processes, in float64."""
