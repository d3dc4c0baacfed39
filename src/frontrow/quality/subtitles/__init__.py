"""What can be wrong with subtitles: readers of their formats, rules on cues, and their fit with the sound."""
