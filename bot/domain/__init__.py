"""The words and decisions of incident response: pure values and functions, no clock, no randomness, no I/O."""
