/* The contract is C11 and freestanding: this file is nothing but it. */
#include <margay/abi.h>
#include <margay/abi_application.h>
#include <margay/abi_tls.h>
#include <margay/abi_upgrade.h>

_Static_assert(sizeof(margay_str) == sizeof(char*) + sizeof(size_t), "a pointer and a length");
_Static_assert(offsetof(margay_plugin, size) == 4 && offsetof(margay_plugin, abi_major) == 8,
               "the head of the table never changes");
_Static_assert(offsetof(margay_endpoint_type, size) == 0 && offsetof(margay_filter_type, size) == 0,
               "each table starts with its size");
_Static_assert(offsetof(margay_listener_type, size) == 0 && offsetof(margay_application, size) == 0,
               "and so do these of application/1");
_Static_assert(offsetof(margay_failure, unavailable) == 512 &&
                   offsetof(margay_config, inherited) == 16 + 3 * sizeof(margay_str),
               "what an older server and an older plugin know stays where it was");
_Static_assert(offsetof(margay_protocol, size) == 0 && offsetof(margay_upgrades, size) == 0,
               "and so do these of upgrade/1");
_Static_assert(offsetof(margay_tls, size) == 0 && offsetof(margay_certificate, size) == 0 &&
                   offsetof(margay_tls_facts, size) == 0,
               "and of tls/1");
_Static_assert(sizeof(margay_tls) == 16 + 5 * sizeof(margay_str) &&
                   sizeof(margay_certificate) == 24 + 5 * sizeof(margay_str),
               "which have no holes but one behind a size");
