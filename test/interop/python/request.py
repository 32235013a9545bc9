"""request.py URL NODE: answers its own requests over a dynamic node, and sends through the anonymous terminus.

Prints the answer, and the capabilities that the broker offers."""
import sys

from proton import Message
from proton.utils import BlockingConnection

url, node = sys.argv[1], sys.argv[2]
connection = BlockingConnection(url, timeout=20)
answers = connection.create_receiver(None, dynamic=True, credit=1)
requests = connection.create_receiver(node, credit=1)
sender = connection.create_sender(node)
sender.send(Message(reply_to=answers.remote_source.address, correlation_id="c1", body="question"))
request = requests.receive(timeout=10)
requests.accept()
relay = connection.create_sender(None)
relay.send(Message(address=request.reply_to, correlation_id=request.correlation_id, body=request.body.upper()))
answer = answers.receive(timeout=10)
answers.accept()
print(answer.body, answer.correlation_id, flush=True)
print(" ".join(map(str, connection.conn.remote_offered_capabilities)), flush=True)
connection.close()
