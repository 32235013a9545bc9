"""browse.py URL NODE COUNT: looks at COUNT messages without taking them away, and prints their bodies."""
import sys

from proton import Terminus
from proton.reactor import Copy
from proton.utils import BlockingConnection

url, node, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
connection = BlockingConnection(url, timeout=20)
browser = connection.create_receiver(node, credit=count, options=Copy())
for _ in range(count):
    print(browser.receive(timeout=10).body, flush=True)
    browser.accept()
print("copy" if browser.link.remote_source.distribution_mode == Terminus.DIST_MODE_COPY else "move", flush=True)
connection.close()
