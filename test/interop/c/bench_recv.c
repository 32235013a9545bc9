/*
 * bench_recv ADDRESS KIND COUNT WARM BATCH
 *
 * Listens, receives COUNT messages in batches, reads each and accepts a batch at once.
 * Processor time is counted after the first WARM messages. Prints "ready", then one line of JSON.
 */
#include "bench_message.h"

int main(int argc, char **argv) {
  if (argc < 6) fail("usage: bench_recv ADDRESS KIND COUNT WARM BATCH");
  message_kind kind = parse_kind(argv[2]);
  long count = atol(argv[3]), warm = atol(argv[4]), batch = atol(argv[5]);
  pn_messenger_t *messenger = start_messenger(0, (int)batch);
  pn_message_t *message = pn_message();
  listen_on(messenger, argv[1]);
  double cpu_started = cpu_seconds();
  long received = 0;
  while (received < count) {
    check(messenger, "recv", pn_messenger_recv(messenger, (int)batch));
    while (pn_messenger_incoming(messenger)) {
      check(messenger, "get", pn_messenger_get(messenger, message));
      read_message(message, kind);
      if (++received == warm) cpu_started = cpu_seconds();
    }
    pn_tracker_t last = pn_messenger_incoming_tracker(messenger);
    check(messenger, "accept", pn_messenger_accept(messenger, last, PN_CUMULATIVE));
    check(messenger, "settle", pn_messenger_settle(messenger, last, PN_CUMULATIVE));
  }
  printf("{\"received\":%ld,\"cpuSeconds\":%.6f}\n", received, cpu_seconds() - cpu_started);
  pn_message_free(message);
  pn_messenger_stop(messenger); /* writes what is still to be written, then closes */
  pn_messenger_free(messenger);
  return received == count ? 0 : 1;
}
