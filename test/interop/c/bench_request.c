/*
 * bench_request ADDRESS COUNT WARM
 *
 * Sends a request, waits for its reply, and so on: one in flight. Prints the median and the 99th percentile of the
 * round trips after the first WARM, in microseconds.
 */
#include "bench_message.h"

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

int main(int argc, char **argv) {
  if (argc != 4) fail("usage: bench_request ADDRESS COUNT WARM");
  long count = atol(argv[2]), warm = atol(argv[3]), timed = count - warm;
  double *trips = calloc((size_t)timed, sizeof *trips);
  pn_messenger_t *messenger = start_messenger(1, 1);
  pn_message_t *message = pn_message();
  message_kind kind = parse_kind("small");
  for (long i = 0; i < count; i++) {
    double started = seconds_now();
    make_message(message, kind, argv[1]);
    pn_message_set_reply_to(message, "~/replies");
    check(messenger, "put", pn_messenger_put(messenger, message));
    check(messenger, "recv", pn_messenger_recv(messenger, 1)); /* sends too, and waits for the reply only */
    check(messenger, "get", pn_messenger_get(messenger, message));
    read_message(message, kind);
    check(messenger, "accept", pn_messenger_accept(messenger, pn_messenger_incoming_tracker(messenger), 0));
    check(messenger, "settle", pn_messenger_settle(messenger, pn_messenger_incoming_tracker(messenger), 0));
    if (i >= warm) trips[i - warm] = (seconds_now() - started) * 1e6;
  }
  qsort(trips, (size_t)timed, sizeof *trips, compare);
  printf("{\"replies\":%ld,\"p50\":%.2f,\"p99\":%.2f}\n", count, trips[timed / 2], trips[timed * 99 / 100]);
  pn_message_free(message);
  pn_messenger_stop(messenger);
  pn_messenger_free(messenger);
  free(trips);
  return 0;
}
