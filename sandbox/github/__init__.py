"""Answers as GitHub's REST API does, over a scenario's commits, deployments and pull requests."""
