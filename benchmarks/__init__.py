"""Measurements, each run beside the peers it is compared with."""
