"""What to show whom: from viewing signals to a page, with a reason on every tile."""
