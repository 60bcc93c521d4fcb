"""Answers as PagerDuty's REST API v2 does, over a scenario's people, on-calls, deployments and alerts."""
