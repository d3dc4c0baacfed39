"""Rows from elsewhere into catalogue and log, checked row by row."""
