/*
 * What msgr_send and msgr_recv share: options, lists of addresses, the report. The options are those of
 * examples/soak, as far as the tests need them.
 */
#ifndef SOAK_H
#define SOAK_H

#include "common.h"
#include <stdbool.h>
#include <unistd.h>

enum { MAX_ADDRESSES = 1024 };

typedef struct {
  char *items[MAX_ADDRESSES];
  int count;
} address_list;

/* What is told at the end. */
typedef struct {
  long sent, received, samples;
  double start, min, max, sum; /* seconds; samples in milliseconds */
} statistics;

static inline address_list parse_addresses(char *text) {
  address_list list = {.count = 0};
  for (char *item; (item = strsep(&text, ","));) {
    if (list.count == MAX_ADDRESSES) fail("too many addresses");
    list.items[list.count++] = item;
  }
  return list;
}

static inline pn_timestamp_t milliseconds_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (pn_timestamp_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static inline void start_clock(statistics *counted) {
  if (counted->start == 0) counted->start = seconds_now();
}

static inline void count_received(statistics *counted, pn_message_t *message) {
  pn_timestamp_t created = pn_message_get_creation_time(message);
  double latency = (double)(milliseconds_now() - created);
  counted->received++;
  if (created == 0 || latency <= 0) return;
  if (counted->samples == 0 || latency < counted->min) counted->min = latency;
  if (latency > counted->max) counted->max = latency;
  counted->sum += latency;
  counted->samples++;
}

static inline void report(const statistics *counted) {
  double seconds = counted->start == 0 ? 0 : seconds_now() - counted->start;
  double average = counted->samples ? counted->sum / (double)counted->samples : 0;
  printf("Messages sent: %ld recv: %ld\n", counted->sent, counted->received);
  printf("Total time: %f sec\n", seconds);
  printf("Throughput: %f msgs/sec\n", seconds == 0 ? 0 : (double)counted->sent / seconds);
  printf("Latency (sec): %f min, %f max, %f avg\n", counted->min / 1000, counted->max / 1000, average / 1000);
}

static inline pn_messenger_t *create_messenger(const char *name, int timeout, int outgoing, int incoming) {
  pn_messenger_t *messenger = pn_messenger(name);
  if (!messenger) fail("cannot make a messenger");
  check(messenger, "timeout", pn_messenger_set_timeout(messenger, timeout < 0 ? -1 : timeout * 1000));
  check(messenger, "outgoing window", pn_messenger_set_outgoing_window(messenger, outgoing));
  check(messenger, "incoming window", pn_messenger_set_incoming_window(messenger, incoming));
  return messenger;
}

#endif
