"""A cluster's API over objects at hand."""
