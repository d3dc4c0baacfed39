"""Where films lie before the peak and at which bitrate they play: forecasts, fill plans, replays, bitrate control."""
