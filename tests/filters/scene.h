// A host that answers a filter from maps, so that one filter runs without a server.
#pragma once

#include <margay/plugin.h>

#include <cstddef>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tests {

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A session of the request; its id may be given another value by a test.
struct SceneSession {
  std::string id = "1";
  std::map<std::string, std::string> attributes;
};

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
    host_.attribute = [](margay_exchange* e, margay_str name) -> margay_str {
      const auto found = of(e).attributes.find(std::string(margay::view(name)));
      return found == of(e).attributes.end() ? margay_str{nullptr, 0} : margay::str(found->second);
    };
    host_.set_attribute = [](margay_exchange* e, margay_str name, margay_str value) {
      of(e).attributes[std::string(margay::view(name))] = margay::view(value);
      return MARGAY_OK;
    };
    host_.provide_attribute = [](margay_exchange* e, margay_str name,
                                 void (*make)(void*, margay_exchange*, margay_str), void* arg) {
      of(e).provided[std::string(margay::view(name))] = [=] { make(arg, e, name); };
      return MARGAY_OK;
    };
    host_.answer_within = [](margay_exchange* e, uint64_t milliseconds, int its_status) {
      of(e).deadline = {milliseconds, its_status};
      return MARGAY_OK;
    };
    host_.write = [](margay_exchange* e, margay_str bytes) {
      of(e).written += margay::view(bytes);
      return MARGAY_OK;
    };
    host_.each_response_header = [](margay_exchange* e, void (*each)(void*, margay_str, margay_str),
                                    void* arg) {
      for (const auto& [name, value] : of(e).answer)
        each(arg, margay::str(name), margay::str(value));
    };
    host_.memory = [](margay_exchange* e, size_t size) {
      auto& all = of(e).memory_;
      all.emplace_back(new std::max_align_t[size / sizeof(std::max_align_t) + 1]);
      return static_cast<void*>(all.back().get());
    };
    host_.query = [](const margay_config*, const char* name) -> const void* {
      return std::strcmp(name, "session/1") == 0 ? &sessions() : nullptr;
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
    static const margay_host host = [] {
      margay_host its{};
      its.query = [](const margay_config*, const char*) -> const void* { return nullptr; };
      return its;
    }();
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
    it.path = margay::str(path);
    it.query = margay::str(query);
    it.body = margay::str(body);
    it.content_length = content_length;
    it.fields = raw.data();
    it.field_count = static_cast<std::uint32_t>(raw.size());
    auto& exchange = *reinterpret_cast<margay_exchange*>(this);
    margay::Request request(host_, exchange, it, &config_);
    margay::Response response(host_, exchange, &config_);
    const bool on = filter.before(request, response);
    for (const auto& name : asked)
      if (const auto found = provided.find(name); found != provided.end()) found->second();
    margay::Head head(host_, exchange, status);
    filter.head(request, head);
    return on;
  }

  std::string path = "/", query, body, written;
  std::int64_t content_length = 0;
  std::pair<std::uint64_t, int> deadline;  // milliseconds, status
  std::vector<std::string> asked;          // attributes the endpoint wants to know
  std::optional<SceneSession> session;
  std::map<int, std::string> infos;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> answer;
  int status = 200;
  std::map<std::string, std::function<void()>> provided;

 private:
  static SceneSession& session_of(const margay_http_session* handle) {
    return *reinterpret_cast<SceneSession*>(const_cast<margay_http_session*>(handle));
  }
  static const margay_sessions& sessions() {
    static const margay_sessions table = [] {
      margay_sessions its{};
      its.size = sizeof its;
      its.find = [](margay_exchange* e, int create, margay_http_session** found) {
        if (!of(e).session && create == 0) return MARGAY_FAILED;
        if (!of(e).session) of(e).session.emplace();
        *found = reinterpret_cast<margay_http_session*>(&*of(e).session);
        return MARGAY_OK;
      };
      its.set_attribute = [](margay_exchange* e, margay_str name, margay_str value) {
        of(e).session->attributes[std::string(margay::view(name))] = margay::view(value);
        return MARGAY_OK;
      };
      its.facts = [](const margay_http_session* handle, margay_session_facts* facts) {
        session_of(handle).id.copy(facts->id, sizeof facts->id - 1);
      };
      its.attribute = [](const margay_http_session* handle, margay_str name,
                         void (*take)(void*, margay_str), void* arg) {
        const auto& all = session_of(handle).attributes;
        const auto found = all.find(std::string(margay::view(name)));
        if (found == all.end()) return MARGAY_FAILED;
        take(arg, margay::str(found->second));
        return MARGAY_OK;
      };
      return its;
    }();
    return table;
  }

  static Scene& of(margay_exchange* exchange) { return *reinterpret_cast<Scene*>(exchange); }
  margay_host host_{};
  margay_config config_{};
  std::vector<std::shared_ptr<std::max_align_t[]>> memory_;
};

}  // namespace tests
