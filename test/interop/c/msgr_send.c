/*
 * msgr_send [options]
 *
 * Sends messages to targets in turn, and prints a report.
 *
 *   -a ADDRESS[,ADDRESS...]   targets           -c COUNT    how many messages
 *   -b BYTES   size of the body (1024)          -p BATCH    wait when this many are outstanding (1024)
 *   -w WINDOW  outgoing window (0)              -R          wait for an answer to each message
 *   -t SECONDS how long a call may wait (-1)    -B COUNT    how many answers recv asks for (-1)
 *   -N NAME    container name
 */
#include "soak.h"

typedef struct {
  address_list targets;
  long count, size, batch;
  int window, timeout, credit;
  bool answers;
  const char *name;
} options;

static options parse(int argc, char **argv) {
  options chosen = {.size = 1024, .batch = 1024, .timeout = -1, .credit = -1};
  for (int option; (option = getopt(argc, argv, "a:c:b:p:w:Rt:B:N:")) != -1;) {
    switch (option) {
      case 'a': chosen.targets = parse_addresses(optarg); break;
      case 'c': chosen.count = atol(optarg); break;
      case 'b': chosen.size = atol(optarg); break;
      case 'p': chosen.batch = atol(optarg); break;
      case 'w': chosen.window = atoi(optarg); break;
      case 'R': chosen.answers = true; break;
      case 't': chosen.timeout = atoi(optarg); break;
      case 'B': chosen.credit = atoi(optarg); break;
      case 'N': chosen.name = optarg; break;
      default: fail("msgr_send: no such option");
    }
  }
  if (chosen.targets.count == 0 || chosen.count <= 0) fail("usage: msgr_send -a ADDRESS -c COUNT [options]");
  return chosen;
}

/* Waits until every message has its answer, or without answers, until all are sent. */
static void flush(pn_messenger_t *messenger, pn_message_t *answer, const options *chosen, statistics *counted) {
  if (!chosen->answers) {
    check(messenger, "send", pn_messenger_send(messenger, -1));
    return;
  }
  while (counted->received < counted->sent) {
    check(messenger, "recv", pn_messenger_recv(messenger, chosen->credit));
    while (pn_messenger_incoming(messenger)) {
      check(messenger, "get", pn_messenger_get(messenger, answer));
      count_received(counted, answer);
    }
  }
}

int main(int argc, char **argv) {
  options chosen = parse(argc, argv);
  statistics counted = {0};
  pn_messenger_t *messenger = create_messenger(chosen.name, chosen.timeout, chosen.window, 0);
  pn_message_t *message = pn_message(), *answer = pn_message();
  char *body = calloc(1, (size_t)chosen.size + 1);
  pn_data_put_binary(pn_message_body(message), pn_bytes((size_t)chosen.size, body));
  pn_message_set_reply_to(message, "~");
  start_clock(&counted);
  for (long number = 0; number < chosen.count; number++) {
    pn_message_set_address(message, chosen.targets.items[number % chosen.targets.count]);
    pn_message_set_correlation_id(message, (pn_atom_t){.type = PN_ULONG, .u.as_ulong = (uint64_t)number});
    pn_message_set_creation_time(message, milliseconds_now());
    check(messenger, "put", pn_messenger_put(messenger, message));
    counted.sent++;
    if (pn_messenger_outgoing(messenger) >= chosen.batch) flush(messenger, answer, &chosen, &counted);
  }
  flush(messenger, answer, &chosen, &counted);
  check(messenger, "stop", pn_messenger_stop(messenger));
  report(&counted);
  free(body);
  pn_message_free(message);
  pn_message_free(answer);
  pn_messenger_free(messenger);
  return 0;
}
