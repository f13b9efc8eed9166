"""Storing a finished video: fetched from KIE's media host, checked, and put where it is to stay."""
