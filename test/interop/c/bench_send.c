/*
 * bench_send ADDRESS KIND COUNT WARM BATCH
 *
 * Puts COUNT messages in batches, waits for the outcome of each batch and looks at the status of every message.
 * The first WARM messages are not timed. Prints one line of JSON.
 */
#include "bench_message.h"

static long put_and_send(pn_messenger_t *messenger, pn_message_t *message, message_kind kind, const char *address,
                         long batch, pn_tracker_t *trackers) {
  long accepted = 0;
  for (long i = 0; i < batch; i++) {
    make_message(message, kind, address);
    check(messenger, "put", pn_messenger_put(messenger, message));
    trackers[i] = pn_messenger_outgoing_tracker(messenger);
  }
  check(messenger, "send", pn_messenger_send(messenger, -1));
  for (long i = 0; i < batch; i++) {
    if (pn_messenger_status(messenger, trackers[i]) == PN_STATUS_ACCEPTED) accepted++;
  }
  check(messenger, "settle", pn_messenger_settle(messenger, trackers[batch - 1], PN_CUMULATIVE));
  return accepted;
}

int main(int argc, char **argv) {
  if (argc < 6) fail("usage: bench_send ADDRESS KIND COUNT WARM BATCH");
  const char *address = argv[1];
  message_kind kind = parse_kind(argv[2]);
  long count = atol(argv[3]), warm = atol(argv[4]), batch = atol(argv[5]);
  pn_tracker_t *trackers = calloc((size_t)batch, sizeof *trackers);
  pn_messenger_t *messenger = start_messenger((int)batch, 0);
  pn_message_t *message = pn_message();
  double started = seconds_now(), cpu_started = cpu_seconds();
  long accepted = 0, done = 0;
  while (done < count) {
    long end = done < warm ? warm : count;
    long size = end - done < batch ? end - done : batch;
    if (done == warm) {
      started = seconds_now();
      cpu_started = cpu_seconds();
    }
    accepted += put_and_send(messenger, message, kind, address, size, trackers);
    done += size;
  }
  double seconds = seconds_now() - started, cpu = cpu_seconds() - cpu_started;
  printf("{\"accepted\":%ld,\"timed\":%ld,\"seconds\":%.6f,\"cpuSeconds\":%.6f}\n", accepted, count - warm, seconds, cpu);
  pn_message_free(message);
  pn_messenger_stop(messenger);
  pn_messenger_free(messenger);
  free(trackers);
  return accepted == count ? 0 : 1;
}
