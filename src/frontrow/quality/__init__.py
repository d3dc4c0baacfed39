"""Quality control: every delivered file is measured once, judged, and approved, rejected or sent to a person."""
