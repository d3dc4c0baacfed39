"""Every figure that Frontrow claims, with the command that made it: `FRONTROW_DATA=<dir> make bench [ONLY=events]`."""
