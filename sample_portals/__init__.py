"""Five small pretend government portals, for the demo, the tests and the eye.

Each stands under the host name of a district whose report it carries, and is reached only through a forward proxy on
loopback that never opens a connection of its own:

    with SamplePortals() as portals:
        ...  # clients with http_proxy=portals.proxy_url see the five sites and nothing else

The pages are our own, shaped like the platforms these districts use; the reports' text and figures are the real ones.

Beside them stand seventeen sites of pretend districts, one for each way to keep a list (`families`, `mechanisms`,
`handlers`). Their registry is `REGISTRY`; `EXPECTED` has the addresses of all their reports, by code.
"""

from pathlib import Path

from sample_portals.mechanisms import EXPECTED, FAMILIES
from sample_portals.messages import Reply, Request
from sample_portals.server import SamplePortals
from sample_portals.sites import PORTALS

REGISTRY = Path(__file__).parent / "families.toml"

__all__ = ["EXPECTED", "FAMILIES", "PORTALS", "REGISTRY", "Reply", "Request", "SamplePortals"]
