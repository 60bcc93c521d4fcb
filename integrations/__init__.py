"""One module per vendor. Each exports one `INTEGRATION`; `integrations.registry` finds them."""
