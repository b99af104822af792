// Endpoints for built-in filters to stand before.
#include <margay/plugin.h>

#include <string>

namespace {

// A page with a form, and where that is sent. `?plain` does not ask for the token, `?late` does so
// behind the first bytes, and `?login` gives the session another id.
class Form : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  void service(margay::Request& request, margay::Response& response) override {
    response.type("text/plain");
    if (request.has_parameter("login")) request.session().change_id();
    if (request.method() != "GET") {
      response.write("changed " + request.parameter("what", "nothing"));
      return;
    }
    if (request.has_parameter("plain")) {
      response.write("plain");
      return;
    }
    if (request.has_parameter("late")) {
      response.write("page ");
      response.flush();
    }
    response.write(request.attribute("margay.csrf.token").value_or("none"));
  }
};

}  // namespace

MARGAY_PLUGIN("guards", "1.0", margay::endpoint<Form>("form"))
