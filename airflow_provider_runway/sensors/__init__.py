"""Waiting for videos made elsewhere."""
