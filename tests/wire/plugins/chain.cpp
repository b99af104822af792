// Filters that leave marks of their name: on the way in, on the way out, in the body, at the end.
#include <margay/plugin.h>

#include <string>

#include "dispatch_kind.h"

namespace {

class Mark : public margay::Filter {
 public:
  explicit Mark(const margay::Config& config) : name_(config.name()), log_(config.logger()) {
    log_.info(name_ + " made");
  }
  ~Mark() override { log_.info(name_ + " gone"); }
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

  // An include has no say in the head.
  bool before(margay::Request& request, margay::Response& response) override {
    const std::string mark = name_ + ":" + kind_of(request);
    if (request.dispatcher() == MARGAY_INCLUDE)
      response.write(mark + " ");
    else
      response.add_header("X-In", mark);
    if (request.query() != "answer=" + name_) return true;
    response.status(202).write("answered by " + name_);
    return false;
  }
  void head(const margay::Request&, margay::Head& head) override { head.add("X-Out", name_); }
  void done(const margay_request&, const margay_outcome&) override { log_.info(name_ + " done"); }

 private:
  const std::string name_;
  const margay::Logger log_;
};

class Wrap : public margay::Filter {
 public:
  explicit Wrap(const margay::Config& config) : name_(config.name()) {}
  void body(std::string_view bytes, bool last, margay::Emit& emit) override {
    emit(bytes);
    if (last) emit(" wrapped by " + name_);
  }

 private:
  const std::string name_;
};

}  // namespace

MARGAY_PLUGIN("chain", "1", margay::filter<Mark>("mark"), margay::filter<Wrap>("wrap"))
