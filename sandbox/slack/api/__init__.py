"""The Web API: one module per family of methods, each with its `METHODS`."""
