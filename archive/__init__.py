"""KEEPS AND SHOWS: what is collected (registry), the WARC files, the database built from them, the site over it."""
