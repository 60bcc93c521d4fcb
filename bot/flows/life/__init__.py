"""The incident's hour and the week after it: people's decisions, and what follows from them."""
