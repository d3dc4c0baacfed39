"""Schedules to look at and hand out: plain text, CSV, SVG and HTML made from a plan, nothing computed anew."""
