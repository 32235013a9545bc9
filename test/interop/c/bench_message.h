/*
 * The messages of the benchmarks, as the programs of the other libraries make and read them.
 * realistic_message.h is made by build-c.ts from test/bench/realistic-message.json.
 */
#ifndef BENCH_MESSAGE_H
#define BENCH_MESSAGE_H

#include "common.h"
#include "realistic_message.h"
#include <stdbool.h>

enum { SMALL_SIZE = 100, BINARY_SIZE = 64 * 1024 };

typedef enum { SMALL, REALISTIC, BINARY64K } message_kind;

static char small_body[SMALL_SIZE];
static char binary_body[BINARY_SIZE];

static inline message_kind parse_kind(const char *name) {
  memset(small_body, 'x', sizeof small_body);
  memset(binary_body, 7, sizeof binary_body);
  if (!strcmp(name, "small")) return SMALL;
  if (!strcmp(name, "realistic")) return REALISTIC;
  if (!strcmp(name, "binary64k")) return BINARY64K;
  fail("no message of this kind: %s", name);
  return SMALL;
}

static inline pn_bytes_t text(const char *content) { return pn_bytes(strlen(content), content); }

static inline void put_text_property(pn_data_t *map, const char *key, const char *content) {
  pn_data_put_string(map, text(key));
  pn_data_put_string(map, text(content));
}

static inline void make_realistic(pn_message_t *message) {
  pn_atom_t id = {.type = PN_STRING, .u.as_bytes = text(REALISTIC_ID)};
  pn_atom_t correlation_id = {.type = PN_STRING, .u.as_bytes = text(REALISTIC_CORRELATION_ID)};
  pn_message_set_durable(message, REALISTIC_DURABLE);
  pn_message_set_ttl(message, REALISTIC_TTL);
  pn_message_set_id(message, id);
  pn_message_set_subject(message, REALISTIC_SUBJECT);
  pn_message_set_reply_to(message, REALISTIC_REPLY_TO);
  pn_message_set_correlation_id(message, correlation_id);
  pn_message_set_content_type(message, REALISTIC_CONTENT_TYPE);
  pn_message_set_creation_time(message, REALISTIC_CREATION_TIME);
  pn_data_t *properties = pn_message_properties(message);
  pn_data_put_map(properties);
  pn_data_enter(properties);
  put_text_property(properties, "tenant", REALISTIC_TENANT);
  put_text_property(properties, "region", REALISTIC_REGION);
  pn_data_put_string(properties, text("attempt"));
  pn_data_put_long(properties, REALISTIC_ATTEMPT);
  put_text_property(properties, "traceparent", REALISTIC_TRACEPARENT);
  pn_data_put_string(properties, text("hot"));
  pn_data_put_bool(properties, REALISTIC_HOT);
  pn_data_exit(properties);
  pn_message_set_inferred(message, true); /* the body is a data section, not a value */
  pn_data_put_binary(pn_message_body(message), text(REALISTIC_BODY));
}

/* Every message is made anew, as a program with something new to say would. */
static inline void make_message(pn_message_t *message, message_kind kind, const char *address) {
  pn_message_clear(message);
  pn_message_set_address(message, address);
  if (kind == REALISTIC) {
    make_realistic(message);
  } else if (kind == BINARY64K) {
    pn_message_set_inferred(message, true);
    pn_data_put_binary(pn_message_body(message), pn_bytes(BINARY_SIZE, binary_body));
  } else {
    pn_data_put_string(pn_message_body(message), pn_bytes(SMALL_SIZE, small_body));
  }
}

/* The text of one application property, or no bytes. */
static inline pn_bytes_t text_property(pn_message_t *message, const char *name) {
  pn_data_t *properties = pn_message_properties(message);
  size_t name_size = strlen(name);
  pn_data_rewind(properties);
  if (!pn_data_next(properties) || pn_data_type(properties) != PN_MAP) return pn_bytes_null;
  pn_data_enter(properties);
  while (pn_data_next(properties)) {
    pn_bytes_t key = pn_data_get_bytes(properties);
    bool found = key.size == name_size && !memcmp(key.start, name, name_size);
    if (!pn_data_next(properties)) break;
    if (found) return pn_data_type(properties) == PN_STRING ? pn_data_get_string(properties) : pn_bytes_null;
  }
  return pn_bytes_null;
}

static inline size_t body_size(pn_message_t *message) {
  pn_data_t *body = pn_message_body(message);
  pn_data_rewind(body);
  return pn_data_next(body) ? pn_data_get_bytes(body).size : 0;
}

/* Reads the subject, one application property and the body, and ends the program when one is not as it was sent. */
static inline void read_message(pn_message_t *message, message_kind kind) {
  const char *subject = pn_message_get_subject(message);
  pn_bytes_t tenant = text_property(message, "tenant");
  size_t size = body_size(message);
  bool good;
  if (kind == REALISTIC) {
    good = subject && !strcmp(subject, REALISTIC_SUBJECT) && tenant.size == strlen(REALISTIC_TENANT) &&
           size == strlen(REALISTIC_BODY);
  } else {
    good = !subject && !tenant.size && size == (kind == SMALL ? SMALL_SIZE : BINARY_SIZE);
  }
  if (!good) fail("a message is not as it was sent: subject %s, body of %zu bytes", subject ? subject : "none", size);
}

#endif
