"""Scenarios: recorded-looking incidents described in YAML, synthesised with a fixed seed, times shifted to now."""
