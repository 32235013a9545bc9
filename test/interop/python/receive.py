"""receive.py URL NODE OUTCOMES: receives one message for each of OUTCOMES, which stand with commas between.

An outcome is accept, reject, release, fail (modified, delivery-failed) or refuse (modified, undeliverable-here). Prints
for each message its body, or how large it is, whether it was acquired before, and how often it has failed."""
import sys

from proton import Delivery
from proton.utils import BlockingConnection

url, node, outcomes = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
connection = BlockingConnection(url, timeout=20)
receiver = connection.create_receiver(node, credit=0)
for outcome in outcomes:
    receiver.flow(1)
    message = receiver.receive(timeout=10)
    body = message.body if isinstance(message.body, str) else len(message.body)
    print(body, "first" if message.first_acquirer else "again", message.delivery_count, flush=True)
    delivery = receiver.fetcher.unsettled[0]
    if outcome == "accept":
        receiver.settle(Delivery.ACCEPTED)
    elif outcome == "reject":
        receiver.settle(Delivery.REJECTED)
    elif outcome == "release":
        receiver.settle(Delivery.RELEASED)
    else:
        delivery.local.failed = outcome == "fail"
        delivery.local.undeliverable = outcome == "refuse"
        receiver.settle(Delivery.MODIFIED)
connection.close()
