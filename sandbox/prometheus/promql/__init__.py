"""PromQL: parsed by `promql_parser`, evaluated here over numpy arrays, all steps of a query at once."""
