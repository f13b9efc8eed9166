"""Operators that make videos."""
