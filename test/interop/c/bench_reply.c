/*
 * bench_reply ADDRESS COUNT
 *
 * Listens and answers COUNT requests, each with a message like the request. Prints "ready", then one line of JSON.
 */
#include "bench_message.h"

int main(int argc, char **argv) {
  if (argc != 3) fail("usage: bench_reply ADDRESS COUNT");
  long count = atol(argv[2]);
  pn_messenger_t *messenger = start_messenger(1, 1);
  pn_message_t *request = pn_message(), *reply = pn_message();
  message_kind kind = parse_kind("small");
  listen_on(messenger, argv[1]);
  long answered = 0;
  while (answered < count) {
    check(messenger, "recv", pn_messenger_recv(messenger, 1));
    while (pn_messenger_incoming(messenger)) {
      check(messenger, "get", pn_messenger_get(messenger, request));
      read_message(request, kind);
      make_message(reply, kind, pn_message_get_reply_to(request));
      check(messenger, "put", pn_messenger_put(messenger, reply));
      check(messenger, "accept", pn_messenger_accept(messenger, pn_messenger_incoming_tracker(messenger), 0));
      check(messenger, "settle", pn_messenger_settle(messenger, pn_messenger_incoming_tracker(messenger), 0));
      answered++;
    }
  }
  check(messenger, "send", pn_messenger_send(messenger, -1));
  printf("{\"answered\":%ld}\n", answered);
  pn_message_free(request);
  pn_message_free(reply);
  pn_messenger_stop(messenger);
  pn_messenger_free(messenger);
  return 0;
}
