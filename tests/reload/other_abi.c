/* A plugin of another ABI major: to be refused whatever else it declares. */
#include <margay/abi.h>

__attribute__((visibility("default"))) const margay_plugin* margay_plugin_main(void) {
  static const margay_plugin table = {MARGAY_PLUGIN_MAGIC,
                                      sizeof(margay_plugin),
                                      MARGAY_ABI_MAJOR + 1,
                                      0,
                                      0,
                                      0,
                                      "other-abi",
                                      "1.0",
                                      NULL,
                                      NULL};
  return &table;
}
