"""The ``runway_sandbox`` fixture."""
