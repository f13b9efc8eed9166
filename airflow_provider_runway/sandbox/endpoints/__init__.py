"""The endpoints, one family a module."""
