"""A batch of videos while processes are killed and the service misbehaves: ``python -m devtools.chaos``."""
