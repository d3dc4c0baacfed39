"""What can be wrong with a picture: one detector a file, each from the measurements of the one pass."""
