"""Runs programs on this machine: the only place that starts processes.

From a list of arguments alone, never through a shell; shut off from everything that was not declared; with limits on
time, memory, files, processes and output; and with no descendant left when it is over.
"""
