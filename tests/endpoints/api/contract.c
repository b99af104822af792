/* abi.h is C11 and freestanding: this file is nothing but it. */
#include <margay/abi.h>

_Static_assert(sizeof(margay_str) == sizeof(char*) + sizeof(size_t), "a pointer and a length");
_Static_assert(offsetof(margay_plugin, size) == 4 && offsetof(margay_plugin, abi_major) == 8,
               "the head of the table never changes");
_Static_assert(offsetof(margay_endpoint_type, size) == 0 && offsetof(margay_filter_type, size) == 0,
               "each table starts with its size");
