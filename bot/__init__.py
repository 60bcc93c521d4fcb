"""First Responder: a ChatOps bot for incident response in Slack."""
