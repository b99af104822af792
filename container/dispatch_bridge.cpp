// Dispatches within an application for plugins: the interface "dispatch/1".
#include "container/dispatch_bridge.h"

#include <margay/text.h>

#include <string_view>

#include "container/invocation.h"

namespace container {

namespace {

using margay::view;
Invocation& call(margay_exchange* exchange) { return *reinterpret_cast<Invocation*>(exchange); }

}  // namespace

const margay_dispatches& dispatch_functions() {
  static const margay_dispatches table{
      .size = sizeof(margay_dispatches),
      .forward = [](margay_exchange* x, margay_str path) { return call(x).forward(view(path)); },
      .forward_named = [](margay_exchange* x,
                          margay_str name) { return call(x).forward_named(view(name)); },
      .redispatch = [](margay_exchange* x,
                       margay_str path) { return call(x).redispatch(view(path)); },
      .include = [](margay_exchange* x, margay_str path,
                    int* status) { return call(x).include(view(path), *status); },
      .include_named = [](margay_exchange* x, margay_str name,
                          int* status) { return call(x).include_named(view(name), *status); },
      .leads_to = [](margay_exchange* x, margay_str path) { return call(x).leads_to(view(path)); },
      .is_guarded_alike = [](margay_exchange* x, margay_str path) -> int {
        return call(x).is_guarded_alike(view(path));
      },
  };
  return table;
}

}  // namespace container
