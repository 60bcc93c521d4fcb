"""Answers as Elasticsearch 9 does, over a scenario's log lines in the data stream `logs-app-default`."""
