"""Frontrow: the open decision engine of a video streaming service.

Importing this package costs almost nothing: every room is imported by who uses it.
"""

__version__ = "0.1.0"
