"""The hall: HTTP, auth, metrics, and the state that decisions are made from."""
