"""The site's own pages beside Datasette's: a module each, with its address, its queries and what its template gets."""
