"""Clips damaged on purpose, each defect at graded severity and by its real mechanism: what detectors learn on."""
