"""The only place that opens media: probing, guarded decoding in a child process, and pictures out of frames.

Everything that touches a file's bytes runs in a child (`guard.run`) with limits on time, memory and output.
"""
