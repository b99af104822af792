/* A plugin of another ABI major: to be refused whatever else it declares. */
#include <margay/abi.h>

__attribute__((visibility("default"))) const margay_plugin* margay_plugin_main(void) {
  static const margay_plugin table = {.magic = MARGAY_PLUGIN_MAGIC,
                                      .size = sizeof(margay_plugin),
                                      .abi_major = MARGAY_ABI_MAJOR + 1,
                                      .name = "other-abi",
                                      .version = "1.0"};
  return &table;
}
