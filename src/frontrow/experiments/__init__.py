"""Experiments that can be looked at any time: assignment, analysis, checks, bandits."""
