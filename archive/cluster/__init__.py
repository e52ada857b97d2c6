"""Beyond one machine: a list of visits in PostgreSQL, workers that go through it, a store for what they bring home.

Only the commands in `commands` lead here, and only they need the extra `cluster`.
"""
