/*
 * bench_queue ADDRESS COUNT
 *
 * Puts COUNT messages for a peer that is away and prints what they take in memory, in bytes.
 */
#include "bench_message.h"
#include <unistd.h>

static double resident_bytes(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (!file || fscanf(file, "%*s %ld", &pages) != 1) fail("cannot read /proc/self/statm");
  fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

int main(int argc, char **argv) {
  if (argc != 3) fail("usage: bench_queue ADDRESS COUNT");
  long count = atol(argv[2]);
  message_kind kind = parse_kind("small");
  pn_messenger_t *messenger = start_messenger(1024, 0);
  pn_message_t *message = pn_message();
  double before = resident_bytes();
  for (long i = 0; i < count; i++) {
    make_message(message, kind, argv[1]);
    check(messenger, "put", pn_messenger_put(messenger, message));
  }
  if (pn_messenger_outgoing(messenger) != count) fail("%d are queued", pn_messenger_outgoing(messenger));
  double after = resident_bytes();
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  printf("{\"queued\":%ld,\"bytes\":%.0f,\"peakBytes\":%.0f}\n", count, after - before,
         (double)usage.ru_maxrss * 1024 - before);
  return 0; /* with everything still queued: stop would wait for the peer */
}
