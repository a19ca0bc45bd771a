"""A control plane over each database."""

from tests.support.plane_fixtures import open_plane, plane

__all__ = ["open_plane", "plane"]
