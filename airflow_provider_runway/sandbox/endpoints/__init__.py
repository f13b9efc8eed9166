"""The endpoints, one concern a module."""
