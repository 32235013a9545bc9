/*
 * messenger NAME
 *
 * A messenger that does what it is told. Each line of input is a call: its name and its arguments, separated by one
 * space. It prints a line for each: "ok" and what the call gave, or "error", the code, and the text.
 *
 * A text is "=" and its bytes, where everything but letters and digits may be written as %XX; nothing at all is "-".
 * A tracker is a number, or "-" for the last one and all before it. A time is in milliseconds.
 *
 *   set PROPERTY VALUE                    timeout blocking outgoing_window incoming_window (numbers);
 *                                         certificate private_key password trusted_certificates (texts)
 *   count PROPERTY                        incoming outgoing receiving stopped
 *   route PATTERN ADDRESS                 rewrite PATTERN ADDRESS
 *   subscribe ADDRESS
 *   put ADDRESS SUBJECT REPLY-TO BODY     gives the tracker
 *   get                                   gives tracker, address, subject, reply-to, body; "ok -" when there is none
 *   send N      recv N      work TIME     stop
 *   status TRACKER    buffered TRACKER    accept TRACKER    reject TRACKER    settle TRACKER
 *
 * SIGUSR1 interrupts the call that waits. The end of the input ends the program.
 */
#include "common.h"
#include <ctype.h>
#include <signal.h>

static pn_messenger_t *messenger;
static pn_message_t *message;

static void interrupt(int signal) {
  (void)signal;
  pn_messenger_interrupt(messenger);
}

/* The next argument, where it stands in the line. */
static char *next_word(char **line) {
  char *word = strsep(line, " ");
  if (!word) fail("a call without all its arguments");
  return word;
}

static long next_number(char **line) { return atol(next_word(line)); }

/* The next argument, a text, decoded in place. NULL for nothing. */
static char *next_text(char **line) {
  char *word = next_word(line);
  if (*word != '=') return NULL;
  char *text = word + 1, *to = text;
  for (char *from = text; *from; to++) {
    char digits[3] = {0};
    if (*from != '%') {
      *to = *from++;
      continue;
    }
    memcpy(digits, from + 1, 2);
    *to = (char)strtol(digits, NULL, 16);
    from += 3;
  }
  *to = 0;
  return text;
}

static void print_bytes(const char *bytes, size_t size) {
  fputs(" =", stdout);
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if (isalnum(c)) putchar(c);
    else printf("%%%02X", c);
  }
}

static void print_text(const char *text) {
  if (text) print_bytes(text, strlen(text));
  else fputs(" -", stdout);
}

static void print_error(int code) {
  printf("error %d", code);
  print_text(pn_error_text(pn_messenger_error(messenger)));
}

/* What most calls give: a number, below zero an error. */
static void print_result(int result) {
  if (result < 0) print_error(result);
  else printf("ok %d", result);
}

static int set(const char *property, char **line) {
  if (!strcmp(property, "certificate")) return pn_messenger_set_certificate(messenger, next_text(line));
  if (!strcmp(property, "private_key")) return pn_messenger_set_private_key(messenger, next_text(line));
  if (!strcmp(property, "password")) return pn_messenger_set_password(messenger, next_text(line));
  if (!strcmp(property, "trusted_certificates")) {
    return pn_messenger_set_trusted_certificates(messenger, next_text(line));
  }
  int number = (int)next_number(line);
  if (!strcmp(property, "timeout")) return pn_messenger_set_timeout(messenger, number);
  if (!strcmp(property, "blocking")) return pn_messenger_set_blocking(messenger, number);
  if (!strcmp(property, "outgoing_window")) return pn_messenger_set_outgoing_window(messenger, number);
  if (!strcmp(property, "incoming_window")) return pn_messenger_set_incoming_window(messenger, number);
  fail("no such property: %s", property);
  return 0;
}

static int count(const char *property) {
  if (!strcmp(property, "incoming")) return pn_messenger_incoming(messenger);
  if (!strcmp(property, "outgoing")) return pn_messenger_outgoing(messenger);
  if (!strcmp(property, "receiving")) return pn_messenger_receiving(messenger);
  if (!strcmp(property, "stopped")) return pn_messenger_stopped(messenger);
  fail("no such property: %s", property);
  return 0;
}

static void rule(int (*add)(pn_messenger_t *, const char *, const char *), char **line) {
  const char *pattern = next_text(line);
  print_result(add(messenger, pattern, next_text(line)));
}

static void subscribe(const char *address) {
  if (pn_messenger_subscribe(messenger, address)) fputs("ok", stdout);
  else print_error(pn_messenger_errno(messenger));
}

static void put(char **line) {
  pn_message_clear(message);
  pn_message_set_address(message, next_text(line));
  pn_message_set_subject(message, next_text(line));
  pn_message_set_reply_to(message, next_text(line));
  const char *body = next_text(line);
  if (body) pn_data_put_string(pn_message_body(message), pn_bytes(strlen(body), body));
  int result = pn_messenger_put(messenger, message);
  if (result) print_error(result);
  else printf("ok %lld", (long long)pn_messenger_outgoing_tracker(messenger));
}

static void get(void) {
  if (!pn_messenger_incoming(messenger)) {
    fputs("ok -", stdout);
    return;
  }
  int result = pn_messenger_get(messenger, message);
  if (result) {
    print_error(result);
    return;
  }
  printf("ok %lld", (long long)pn_messenger_incoming_tracker(messenger));
  print_text(pn_message_get_address(message));
  print_text(pn_message_get_subject(message));
  print_text(pn_message_get_reply_to(message));
  pn_data_t *body = pn_message_body(message);
  pn_data_rewind(body);
  pn_type_t type = pn_data_next(body) ? pn_data_type(body) : PN_NULL;
  if (type == PN_NULL) print_text(NULL);
  else {
    pn_bytes_t bytes = type == PN_STRING ? pn_data_get_string(body) : pn_data_get_binary(body);
    print_bytes(bytes.start, bytes.size);
  }
}

/* accept, reject or settle. */
static void finish(int (*call)(pn_messenger_t *, pn_tracker_t, int), pn_tracker_t last, const char *tracker) {
  bool is_last = !strcmp(tracker, "-");
  print_result(call(messenger, is_last ? last : atoll(tracker), is_last ? PN_CUMULATIVE : 0));
}

static void work(int timeout) {
  int result = pn_messenger_work(messenger, timeout);
  print_result(result == PN_TIMEOUT ? 0 : result);
}

/* Without blocking, what is left to wait for is no error: it is 0, and done is 1. */
static void wait_for(int result) {
  if (result == PN_INPROGRESS) fputs("ok 0", stdout);
  else if (result < 0) print_error(result);
  else fputs("ok 1", stdout);
}

static void receive(int number) {
  int result = pn_messenger_recv(messenger, number);
  wait_for(result == 0 && !pn_messenger_incoming(messenger) ? PN_INPROGRESS : result);
}

static void call(const char *name, char **line) {
  pn_tracker_t last_out = pn_messenger_outgoing_tracker(messenger);
  pn_tracker_t last_in = pn_messenger_incoming_tracker(messenger);
  if (!strcmp(name, "set")) print_result(set(next_word(line), line));
  else if (!strcmp(name, "count")) print_result(count(next_word(line)));
  else if (!strcmp(name, "route")) rule(pn_messenger_route, line);
  else if (!strcmp(name, "rewrite")) rule(pn_messenger_rewrite, line);
  else if (!strcmp(name, "subscribe")) subscribe(next_text(line));
  else if (!strcmp(name, "put")) put(line);
  else if (!strcmp(name, "get")) get();
  else if (!strcmp(name, "send")) wait_for(pn_messenger_send(messenger, (int)next_number(line)));
  else if (!strcmp(name, "recv")) receive((int)next_number(line));
  else if (!strcmp(name, "work")) work((int)next_number(line));
  else if (!strcmp(name, "stop")) wait_for(pn_messenger_stop(messenger));
  else if (!strcmp(name, "status")) printf("ok %s", status_name(pn_messenger_status(messenger, next_number(line))));
  else if (!strcmp(name, "buffered")) print_result(pn_messenger_buffered(messenger, next_number(line)));
  else if (!strcmp(name, "accept")) finish(pn_messenger_accept, last_in, next_word(line));
  else if (!strcmp(name, "reject")) finish(pn_messenger_reject, last_in, next_word(line));
  else if (!strcmp(name, "settle")) finish(pn_messenger_settle, last_out, next_word(line));
  else fail("no such call: %s", name);
  putchar('\n');
  fflush(stdout);
}

int main(int argc, char **argv) {
  if (argc != 2) fail("usage: messenger NAME");
  messenger = pn_messenger(argv[1]);
  message = pn_message();
  if (!messenger || !message) fail("cannot make a messenger");
  struct sigaction action = {.sa_handler = interrupt, .sa_flags = SA_RESTART};
  sigaction(SIGUSR1, &action, NULL);
  char *buffer = NULL;
  size_t size = 0;
  for (ssize_t length; (length = getline(&buffer, &size, stdin)) > 0;) {
    if (buffer[length - 1] == '\n') buffer[length - 1] = 0;
    char *line = buffer;
    call(next_word(&line), &line);
  }
  free(buffer);
  pn_message_free(message);
  /* Not freed: the library crashes when it frees a connection that was never served. */
  return 0;
}
