/* The smallest plugin in C, against nothing but abi.h: an endpoint, and a filter with state. */
#include <margay/abi.h>
#include <stdlib.h>
#include <string.h>

typedef struct greeting {
  margay_str text;
} greeting;

static margay_str text(const char* from) { return (margay_str){from, strlen(from)}; }

static void* create(const margay_host* host, const margay_config* config, margay_failure* failure) {
  greeting* self = malloc(sizeof *self);
  self->text = text("plain C");
  for (uint32_t i = 0; i < config->count; ++i)
    if (config->params[i].name.size == 4 && memcmp(config->params[i].name.data, "text", 4) == 0)
      self->text = config->params[i].value;
  if (self->text.size != 0) {
    host->log(config, MARGAY_INFO, text("a C plugin was made"));
    return self;
  }
  strcpy(failure->parameter, "text");
  strcpy(failure->message, "the text is empty: write one, or leave the parameter out");
  free(self);
  return NULL;
}

static margay_result service(void* self, const margay_host* host, margay_exchange* exchange,
                             const margay_request* request) {
  const greeting* its = self;
  (void)request;
  host->header(exchange, MARGAY_SET, text("Content-Type"), text("text/plain"));
  return host->write(exchange, its->text);
}

static void destroy(void* self) { free(self); }

static void* create_mark(const margay_host* host, const margay_config* config,
                         margay_failure* failure) {
  (void)host, (void)config, (void)failure;
  return malloc(1);
}

static margay_result before(void* self, void** state, const margay_host* host,
                            margay_exchange* exchange, const margay_request* request) {
  char* copy = host->memory(exchange, request->method.size);
  (void)self;
  if (copy == NULL || host->memory(exchange, 1 << 20) != NULL) return MARGAY_FAILED;
  memcpy(copy, request->method.data, request->method.size);
  *state = copy;
  return MARGAY_OK;
}

static void head(void* self, void** state, const margay_host* host, margay_exchange* exchange,
                 const margay_request* request, int* status) {
  (void)self, (void)status;
  host->header(exchange, MARGAY_SET, text("X-Method"),
               (margay_str){*state, request->method.size});
}

static const margay_endpoint_type endpoint = {
    sizeof(margay_endpoint_type), MARGAY_ON_LOOP, "plain", create, service, destroy};
static const margay_filter_type filter = {
    sizeof(margay_filter_type), MARGAY_ON_LOOP, "mark", create_mark, before, head, NULL, NULL,
    destroy, NULL};
static const margay_endpoint_type* const endpoints[] = {&endpoint};
static const margay_filter_type* const filters[] = {&filter};

__attribute__((visibility("default"))) const margay_plugin* margay_plugin_main(void) {
  static const margay_plugin table = {.magic = MARGAY_PLUGIN_MAGIC,
                                      .size = sizeof(margay_plugin),
                                      .abi_major = MARGAY_ABI_MAJOR,
                                      .abi_minor = MARGAY_ABI_MINOR,
                                      .endpoint_count = 1,
                                      .filter_count = 1,
                                      .name = "plain",
                                      .version = "1.0",
                                      .endpoints = endpoints,
                                      .filters = filters};
  return &table;
}
