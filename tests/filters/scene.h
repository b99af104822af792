// A host that answers a filter from maps, so that one filter runs without a server.
#pragma once

#include <margay/plugin.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace tests {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// What a request says and what a filter made of it. The host's functions find it by address: the
// exchange is the scene.
class Scene {
 public:
  Scene() {
    host_.size = sizeof host_;
    host_.info = [](margay_exchange* e, int what) { return margay::str(of(e).infos[what]); };
    host_.set_info = [](margay_exchange* e, int what, margay_str value) {
      of(e).infos[what] = margay::view(value);
      return MARGAY_OK;
    };
    host_.set_attribute = [](margay_exchange* e, margay_str name, margay_str value) {
      of(e).attributes[std::string(margay::view(name))] = margay::view(value);
      return MARGAY_OK;
    };
    host_.status = [](margay_exchange* e, int code) {
      of(e).status = code;
      return MARGAY_OK;
    };
    host_.send_error = [](margay_exchange* e, int code, margay_str) {
      of(e).status = code;
      return MARGAY_OK;
    };
    host_.finish = [](margay_exchange*) { return MARGAY_OK; };
    host_.header = [](margay_exchange* e, int mode, margay_str name, margay_str value) {
      auto& fields = of(e).answer;
      const std::string key(margay::view(name));
      if (mode == MARGAY_REMOVE) {
        fields.erase(key);
      } else if (mode == MARGAY_ADD && fields.count(key) != 0) {
        fields[key].append(", ").append(margay::view(value));
      } else {
        fields[key] = margay::view(value);
      }
      return MARGAY_OK;
    };
    host_.response_header = [](margay_exchange* e, margay_str name) -> margay_str {
      const auto found = of(e).answer.find(std::string(margay::view(name)));
      return found == of(e).answer.end() ? margay_str{nullptr, 0} : margay::str(found->second);
    };
  }

  template <class T>
  static T made(const Pairs& parameters) {
    static const margay_host host{};
    std::vector<margay_field> raw;
    for (const auto& [name, value] : parameters)
      raw.push_back({margay::str(name), margay::str(value)});
    margay_config config{};
    config.size = sizeof config;
    config.count = static_cast<std::uint32_t>(raw.size());
    config.params = raw.data();
    return T(margay::Config(host, config));
  }
  // The message of the margay::ConfigError that `parameters` are answered with.
  template <class T>
  static std::string refusal(const Pairs& parameters) {
    try {
      made<T>(parameters);
    } catch (const margay::ConfigError& error) {
      return error.parameter() + "|" + error.what();
    }
    return {};
  }

  // `before`, and `head` when the filter let the request on. Names of `fields` in lower case.
  template <class T>
  bool run(T& filter, const Pairs& fields, std::string_view method = "GET") {
    std::vector<margay_field> raw;
    for (const auto& [name, value] : fields) raw.push_back({margay::str(name), margay::str(value)});
    margay_request it{};
    it.size = sizeof it;
    it.method = margay::str(method);
    it.fields = raw.data();
    it.field_count = static_cast<std::uint32_t>(raw.size());
    auto& exchange = *reinterpret_cast<margay_exchange*>(this);
    margay::Request request(host_, exchange, it);
    margay::Response response(host_, exchange);
    const bool on = filter.before(request, response);
    margay::Head head(host_, exchange, status);
    filter.head(request, head);
    return on;
  }

  std::map<int, std::string> infos;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> answer;
  int status = 200;

 private:
  static Scene& of(margay_exchange* exchange) { return *reinterpret_cast<Scene*>(exchange); }
  margay_host host_{};
};

}  // namespace tests
