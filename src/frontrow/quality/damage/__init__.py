"""Damage done on purpose, by the real mechanism and at a known place: what the judge learns from."""
