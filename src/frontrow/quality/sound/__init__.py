"""What can be wrong with sound: one detector a file, each from the measurements of the one pass."""
