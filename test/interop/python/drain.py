"""drain.py URL NODE: gives ten credits, asks for them back, and prints how many messages came and what credit is left."""
import sys

from proton.utils import BlockingConnection

url, node = sys.argv[1], sys.argv[2]
connection = BlockingConnection(url, timeout=20)
receiver = connection.create_receiver(node, credit=0)
receiver.link.drain(10)
connection.wait(lambda: not receiver.link.draining() and receiver.link.credit == 0, timeout=10, msg="not drained")
print(len(receiver.fetcher.incoming), receiver.link.credit, flush=True)
connection.close()
