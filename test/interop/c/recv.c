/*
 * recv [options] ADDRESS COUNT
 *
 * Receives COUNT messages from ADDRESS, which may be one to listen on, gives each its outcome, and prints "ready" and
 * then one line of JSON for each: number, address, subject, id, replyTo, body (text, or the size of a binary).
 *
 *   -w WINDOW   incoming window (COUNT); with 0 a message is accepted before it is seen
 *   -r N        reject every Nth message (0: none) and accept the others one by one
 *   -c          accept all received so far at once (cumulative) instead of one by one
 *   -n          give no outcome: leave the messages unsettled
 *   -T MS       how long to wait for messages (10000)
 */
#include "common.h"
#include <stdbool.h>
#include <unistd.h>

typedef struct {
  long window, reject_every;
  bool cumulative, no_outcome;
  int timeout;
} options;

static options parse(int argc, char **argv) {
  options chosen = {.window = -1, .timeout = 10000};
  int option;
  while ((option = getopt(argc, argv, "w:r:cnT:")) != -1) {
    switch (option) {
      case 'w': chosen.window = atol(optarg); break;
      case 'r': chosen.reject_every = atol(optarg); break;
      case 'c': chosen.cumulative = true; break;
      case 'n': chosen.no_outcome = true; break;
      case 'T': chosen.timeout = atoi(optarg); break;
      default: fail("recv: no such option");
    }
  }
  if (argc - optind != 2) fail("usage: recv [options] ADDRESS COUNT");
  return chosen;
}

static void print_text(const char *name, const char *text) {
  printf(",\"%s\":", name);
  if (text) print_json_string(text, strlen(text));
  else printf("null");
}

static long message_number(pn_message_t *message) {
  pn_data_t *properties = pn_message_properties(message);
  pn_data_rewind(properties);
  if (!pn_data_next(properties) || pn_data_type(properties) != PN_MAP) return -1;
  pn_data_enter(properties);
  if (!pn_data_next(properties) || !pn_data_next(properties)) return -1;
  return pn_data_type(properties) == PN_LONG ? (long)pn_data_get_long(properties) : pn_data_get_int(properties);
}

static void print_body(pn_message_t *message) {
  pn_data_t *body = pn_message_body(message);
  pn_data_rewind(body);
  pn_type_t type = pn_data_next(body) ? pn_data_type(body) : PN_NULL;
  printf(",\"body\":");
  if (type == PN_STRING) {
    pn_bytes_t text = pn_data_get_string(body);
    print_json_string(text.start, text.size);
  } else if (type == PN_BINARY) {
    printf("%zu", pn_data_get_binary(body).size);
  } else {
    char text[4096];
    size_t size = sizeof text;
    if (pn_data_format(body, text, &size)) fail("the body is too long to print");
    print_json_string(text, size);
  }
}

static void print_message(pn_message_t *message) {
  pn_atom_t id = pn_message_get_id(message);
  printf("{\"number\":%ld", message_number(message));
  print_text("address", pn_message_get_address(message));
  print_text("subject", pn_message_get_subject(message));
  printf(",\"id\":");
  if (id.type == PN_STRING) print_json_string(id.u.as_bytes.start, id.u.as_bytes.size);
  else printf("null");
  print_text("replyTo", pn_message_get_reply_to(message));
  print_body(message);
  puts("}");
  fflush(stdout);
}

static void give_outcome(pn_messenger_t *messenger, const options *chosen, long number) {
  pn_tracker_t tracker = pn_messenger_incoming_tracker(messenger);
  int flags = chosen->cumulative ? PN_CUMULATIVE : 0;
  bool reject = chosen->reject_every > 0 && number % chosen->reject_every == 0;
  if (chosen->no_outcome || chosen->window == 0) return;
  if (reject) check(messenger, "reject", pn_messenger_reject(messenger, tracker, flags));
  else check(messenger, "accept", pn_messenger_accept(messenger, tracker, flags));
  check(messenger, "settle", pn_messenger_settle(messenger, tracker, flags));
}

int main(int argc, char **argv) {
  options chosen = parse(argc, argv);
  long count = atol(argv[optind + 1]);
  if (chosen.window < 0) chosen.window = count;
  pn_messenger_t *messenger = start_messenger(0, (int)chosen.window);
  pn_messenger_set_timeout(messenger, chosen.timeout);
  pn_message_t *message = pn_message();
  listen_on(messenger, argv[optind]);
  long received = 0;
  while (received < count) {
    check(messenger, "recv", pn_messenger_recv(messenger, (int)(count - received)));
    while (pn_messenger_incoming(messenger) && received < count) {
      check(messenger, "get", pn_messenger_get(messenger, message));
      print_message(message);
      received++;
      bool last = !pn_messenger_incoming(messenger) || received == count;
      if (!chosen.cumulative || last) give_outcome(messenger, &chosen, received);
    }
  }
  check(messenger, "stop", pn_messenger_stop(messenger)); /* writes the outcomes, then closes */
  pn_message_free(message);
  pn_messenger_free(messenger);
  return 0;
}
