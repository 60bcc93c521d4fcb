"""Benchmarks: each prints a table and JSON, with its baseline measured in the same run."""
