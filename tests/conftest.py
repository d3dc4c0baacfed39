"""What holds for every test: properties have no deadline, since a busy machine is no fault."""

from hypothesis import settings

settings.register_profile("frontrow", deadline=None)
settings.load_profile("frontrow")
