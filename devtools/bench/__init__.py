"""Measurements, each made beside the peers it is compared with: ``python -m devtools.bench``."""
