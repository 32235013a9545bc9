/*
 * send [options] ADDRESS COUNT
 *
 * Sends COUNT messages and prints the status of each, one name a line. Every message carries the application property
 * "number": 0, 1, 2, ...
 *
 *   -w WINDOW   outgoing window (COUNT); with 0 messages are not tracked and nothing is printed
 *   -b TEXT     body, a string ("hello")
 *   -B SIZE     body, one data section of SIZE bytes
 *   -i TEXT     message id     -s TEXT  subject     -r ADDRESS  reply-to
 *   -t MS       time to live   -d       durable
 *   -T MS       how long to wait for the outcomes (10000)
 */
#include "common.h"
#include <stdbool.h>
#include <unistd.h>

typedef struct {
  const char *body, *id, *subject, *reply_to;
  long size, window, ttl;
  bool durable;
  int timeout;
} options;

static options parse(int argc, char **argv) {
  options chosen = {.body = "hello", .size = -1, .window = -1, .timeout = 10000};
  int option;
  while ((option = getopt(argc, argv, "w:b:B:i:s:r:t:dT:")) != -1) {
    switch (option) {
      case 'w': chosen.window = atol(optarg); break;
      case 'b': chosen.body = optarg; break;
      case 'B': chosen.size = atol(optarg); break;
      case 'i': chosen.id = optarg; break;
      case 's': chosen.subject = optarg; break;
      case 'r': chosen.reply_to = optarg; break;
      case 't': chosen.ttl = atol(optarg); break;
      case 'd': chosen.durable = true; break;
      case 'T': chosen.timeout = atoi(optarg); break;
      default: fail("send: no such option");
    }
  }
  if (argc - optind != 2) fail("usage: send [options] ADDRESS COUNT");
  return chosen;
}

static void make_message(pn_message_t *message, const options *chosen, const char *address) {
  pn_message_set_address(message, address);
  pn_message_set_durable(message, chosen->durable);
  pn_message_set_ttl(message, (pn_millis_t)chosen->ttl);
  if (chosen->subject) pn_message_set_subject(message, chosen->subject);
  if (chosen->reply_to) pn_message_set_reply_to(message, chosen->reply_to);
  if (chosen->id) {
    pn_message_set_id(message, (pn_atom_t){.type = PN_STRING, .u.as_bytes = pn_bytes(strlen(chosen->id), chosen->id)});
  }
  if (chosen->size < 0) {
    pn_data_put_string(pn_message_body(message), pn_bytes(strlen(chosen->body), chosen->body));
    return;
  }
  char *bytes = calloc(1, (size_t)chosen->size + 1);
  pn_message_set_inferred(message, true); /* a data section, not a value */
  pn_data_put_binary(pn_message_body(message), pn_bytes((size_t)chosen->size, bytes));
  free(bytes);
}

static void number_message(pn_message_t *message, long number) {
  pn_data_t *properties = pn_message_properties(message);
  pn_data_clear(properties);
  pn_data_put_map(properties);
  pn_data_enter(properties);
  pn_data_put_string(properties, pn_bytes(6, "number"));
  pn_data_put_int(properties, (int)number);
  pn_data_exit(properties);
}

int main(int argc, char **argv) {
  options chosen = parse(argc, argv);
  const char *address = argv[optind];
  long count = atol(argv[optind + 1]);
  if (chosen.window < 0) chosen.window = count;
  pn_tracker_t *trackers = calloc((size_t)count, sizeof *trackers);
  pn_messenger_t *messenger = start_messenger((int)chosen.window, 0);
  pn_messenger_set_timeout(messenger, chosen.timeout);
  pn_message_t *message = pn_message();
  make_message(message, &chosen, address);
  for (long i = 0; i < count; i++) {
    number_message(message, i);
    check(messenger, "put", pn_messenger_put(messenger, message));
    trackers[i] = pn_messenger_outgoing_tracker(messenger);
  }
  check(messenger, "send", pn_messenger_send(messenger, -1));
  for (long i = 0; chosen.window > 0 && i < count; i++) puts(status_name(pn_messenger_status(messenger, trackers[i])));
  check(messenger, "stop", pn_messenger_stop(messenger));
  pn_message_free(message);
  pn_messenger_free(messenger);
  free(trackers);
  return 0;
}
