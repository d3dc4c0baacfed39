"""Long work: a persisted queue with schedule, progress, cancel and resume."""
