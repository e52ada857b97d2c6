"""Lists that HTML links alone do not walk, one module for each family of platforms.

Each has `links(document, kind) -> list[Link]` and is told by what the page itself holds, never by its host. Of what it
gives, `parsers.links` keeps the kinds that are followed from a page of that kind.
"""

from parsers.platforms import eportal, gkmlpt, hanweb, json_list, lonsun, trs, trs_search

FAMILIES = (trs, trs_search, hanweb, gkmlpt, lonsun, eportal, json_list)
