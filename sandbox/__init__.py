"""A whole world on localhost: a Slack-compatible workspace and replay servers for the vendors' APIs.

Loopback only; for the demo and the tests. Nothing of the product imports it but the `demo` command.
"""
