"""Connections become clients."""
