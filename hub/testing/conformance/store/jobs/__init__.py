"""Tests of `hub.ports.store.Jobs`."""

from __future__ import annotations

from hub.testing.conformance.store.jobs.claims import JobClaimChecks
from hub.testing.conformance.store.jobs.creating import JobCreationChecks
from hub.testing.conformance.store.jobs.progress import JobProgressChecks
from hub.testing.conformance.store.jobs.steering import JobSteeringChecks

__all__ = ["JobChecks"]


class JobChecks(JobCreationChecks, JobClaimChecks, JobProgressChecks, JobSteeringChecks):
    """All of them."""
