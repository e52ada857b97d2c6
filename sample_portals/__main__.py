"""`python -m sample_portals`: serves the sample portals until Ctrl-C."""

import argparse
import time

from sample_portals import SamplePortals
from sample_portals.mechanisms import FAMILIES
from sample_portals.sites import SITES


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m sample_portals", description=__doc__)
    parser.add_argument("--port", type=int, default=8118, help="port of the proxy on 127.0.0.1 (default: %(default)s)")
    with SamplePortals(parser.parse_args().port) as portals:
        print(f"Sample portals behind {portals.proxy_url}. For example:")
        for site in (*SITES, *FAMILIES):
            print(f"  http_proxy={portals.proxy_url} curl -L http://{site.host}/  # {site.name}")
        print("Ctrl-C ends.", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
