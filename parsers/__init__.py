"""READS: bytes in, nouns out. No network, no files, no database.

Doors: `document.identify` (what bytes are), `links.links` (where to go next), `report.read` (what a report says).
"""
