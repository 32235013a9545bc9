"""durable.py URL TOPIC subscribe|receive|unsubscribe [COUNT]: a durable subscription that outlives its connection."""
import sys

from proton.reactor import Container, DurableSubscription
from proton.utils import BlockingConnection

url, topic, step = sys.argv[1:4]
container = Container()
container.container_id = "durable-client"
connection = BlockingConnection(url, timeout=20, container=container)
receiver = connection.create_receiver(topic, credit=0, name="audit", options=DurableSubscription())
if step == "receive":
    for _ in range(int(sys.argv[4])):
        receiver.flow(1)
        print(receiver.receive(timeout=10).body, flush=True)
        receiver.accept()
if step == "unsubscribe":
    receiver.close()
else:
    receiver.detach()
connection.close()
