"""What holds for every test: hypothesis without a clock, since machines that run tests are shared and slow at times."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")
