// A filter that makes every byte a letter and adds one of its own at the end.
#include <margay/plugin.h>

#include <string>

class Letters : public margay::Filter {
 public:
  void body(std::string_view bytes, bool last, margay::Emit& emit) override {
    emit(std::string(bytes.size(), 'm'));
    if (last) emit("!");
  }
};

MARGAY_PLUGIN("letters", "1.0", margay::filter<Letters>("letters"))
