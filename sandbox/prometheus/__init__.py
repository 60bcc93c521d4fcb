"""A replay server that answers as Prometheus does, evaluating PromQL over a scenario's series."""
