"""Settings of the property tests: work is bounded by counting it, so no test case has a time limit of its own."""

from hypothesis import settings

settings.register_profile("schedules", deadline=None)
settings.load_profile("schedules")
