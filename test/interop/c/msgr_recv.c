/*
 * msgr_recv [options]
 *
 * Receives messages, answers and forwards them, and prints a report.
 *
 *   -a ADDRESS[,ADDRESS...]   sources           -c COUNT    how many messages
 *   -b COUNT   how many recv asks for (-1)      -w WINDOW   incoming window (0)
 *   -R         answer messages with a reply-to  -F ADDRESS[,ADDRESS...]  forward to these in turn
 *   -t SECONDS how long a call may wait (-1)    -X TEXT     printed once messages can come
 *   -N NAME    container name
 */
#include "soak.h"

typedef struct {
  address_list sources, forward;
  long count;
  int credit, window, timeout;
  bool answer;
  const char *ready, *name;
} options;

static options parse(int argc, char **argv) {
  options chosen = {.credit = -1, .timeout = -1};
  for (int option; (option = getopt(argc, argv, "a:c:b:w:RF:t:X:N:")) != -1;) {
    switch (option) {
      case 'a': chosen.sources = parse_addresses(optarg); break;
      case 'c': chosen.count = atol(optarg); break;
      case 'b': chosen.credit = atoi(optarg); break;
      case 'w': chosen.window = atoi(optarg); break;
      case 'R': chosen.answer = true; break;
      case 'F': chosen.forward = parse_addresses(optarg); break;
      case 't': chosen.timeout = atoi(optarg); break;
      case 'X': chosen.ready = optarg; break;
      case 'N': chosen.name = optarg; break;
      default: fail("msgr_recv: no such option");
    }
  }
  if (chosen.sources.count == 0 || chosen.count <= 0) fail("usage: msgr_recv -a ADDRESS -c COUNT [options]");
  return chosen;
}

/* A source to receive from is there when the peer has told its address. */
static void subscribe(pn_messenger_t *messenger, const char *address) {
  pn_subscription_t *subscription = pn_messenger_subscribe(messenger, address);
  check_error(messenger, "subscribe");
  if (!strchr(address, '~')) pn_subscription_address(subscription);
}

static void put(pn_messenger_t *messenger, pn_message_t *message, statistics *counted) {
  pn_message_set_creation_time(message, milliseconds_now());
  check(messenger, "put", pn_messenger_put(messenger, message));
  counted->sent++;
}

static void pass_on(pn_messenger_t *messenger, pn_message_t *message, const options *chosen, statistics *counted) {
  const char *reply_to = pn_message_get_reply_to(message);
  if (chosen->answer && reply_to) {
    pn_message_set_address(message, reply_to);
    put(messenger, message, counted);
  }
  if (chosen->forward.count > 0) {
    pn_message_set_address(message, chosen->forward.items[(counted->received - 1) % chosen->forward.count]);
    pn_message_set_reply_to(message, NULL);
    put(messenger, message, counted);
  }
}

int main(int argc, char **argv) {
  options chosen = parse(argc, argv);
  statistics counted = {0};
  pn_messenger_t *messenger = create_messenger(chosen.name, chosen.timeout, 0, chosen.window);
  pn_message_t *message = pn_message();
  for (int i = 0; i < chosen.sources.count; i++) subscribe(messenger, chosen.sources.items[i]);
  if (chosen.ready) {
    puts(chosen.ready);
    fflush(stdout);
  }
  while (counted.received < chosen.count) {
    check(messenger, "recv", pn_messenger_recv(messenger, chosen.credit));
    start_clock(&counted);
    while (pn_messenger_incoming(messenger) && counted.received < chosen.count) {
      check(messenger, "get", pn_messenger_get(messenger, message));
      count_received(&counted, message);
      pass_on(messenger, message, &chosen, &counted);
      if (chosen.window) check(messenger, "accept", pn_messenger_accept(messenger, pn_messenger_incoming_tracker(messenger), 0));
    }
  }
  check(messenger, "send", pn_messenger_send(messenger, -1));
  check(messenger, "stop", pn_messenger_stop(messenger));
  report(&counted);
  pn_message_free(message);
  pn_messenger_free(messenger);
  return 0;
}
