"""Aggregations over the rows that a query matched."""
