/* What all programs here share: leaving with a reason, checking the messenger, the clock, printing JSON. */
#ifndef COMMON_H
#define COMMON_H

#include <proton/error.h>
#include <proton/message.h>
#include <proton/messenger.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static inline void fail(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputc('\n', stderr);
  exit(1);
}

/* The result of a call on the messenger: anything below zero ends the program. */
static inline void check(pn_messenger_t *messenger, const char *what, int result) {
  if (result < 0) fail("%s: %d %s", what, result, pn_error_text(pn_messenger_error(messenger)));
}

/* Errors of subscribe and of the connections are only kept in the messenger. */
static inline void check_error(pn_messenger_t *messenger, const char *what) {
  check(messenger, what, pn_messenger_errno(messenger));
}

static inline pn_messenger_t *start_messenger(int outgoing_window, int incoming_window) {
  pn_messenger_t *messenger = pn_messenger(NULL);
  if (!messenger) fail("cannot make a messenger");
  check(messenger, "outgoing window", pn_messenger_set_outgoing_window(messenger, outgoing_window));
  check(messenger, "incoming window", pn_messenger_set_incoming_window(messenger, incoming_window));
  check(messenger, "start", pn_messenger_start(messenger));
  return messenger;
}

/* Tells the parent process that the messenger listens: subscribe has bound the port when it returns. */
static inline void listen_on(pn_messenger_t *messenger, const char *address) {
  pn_messenger_subscribe(messenger, address);
  check_error(messenger, "subscribe");
  puts("ready");
  fflush(stdout);
}

static inline double seconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Processor time of this process, user and system. */
static inline double cpu_seconds(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static inline const char *status_name(pn_status_t status) {
  switch (status) {
    case PN_STATUS_PENDING: return "pending";
    case PN_STATUS_ACCEPTED: return "accepted";
    case PN_STATUS_REJECTED: return "rejected";
    case PN_STATUS_RELEASED: return "released";
    case PN_STATUS_MODIFIED: return "modified";
    case PN_STATUS_ABORTED: return "aborted";
    case PN_STATUS_SETTLED: return "settled";
    default: return "unknown";
  }
}

static inline void print_json_string(const char *text, size_t size) {
  putchar('"');
  for (size_t i = 0; i < size; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c == '"' || c == '\\') printf("\\%c", c);
    else if (c < 0x20) printf("\\u%04x", c);
    else putchar(c);
  }
  putchar('"');
}

#endif
