"""Artwork: from a title's own video to the picture each viewer is likeliest to play."""
