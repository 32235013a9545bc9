"""send.py URL NODE COUNT [SIZE]: sends COUNT messages over one link and prints what became of each, a line each.

Bodies are "m0", "m1" and so on, or SIZE bytes."""
import sys

from proton import Delivery, Message
from proton.utils import BlockingConnection

url, node, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
size = int(sys.argv[4]) if len(sys.argv) > 4 else None
connection = BlockingConnection(url, timeout=20)
sender = connection.create_sender(node)
for number in range(count):
    body = f"m{number}" if size is None else b"x" * size
    delivery = sender.link.send(Message(id=f"id-{number}", subject="greeting", body=body))
    connection.wait(lambda: delivery.settled or delivery.remote_state, msg="no answer")
    print({Delivery.ACCEPTED: "accepted", Delivery.REJECTED: "rejected"}.get(delivery.remote_state, "other"), flush=True)
    delivery.settle()
connection.close()
