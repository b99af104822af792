// One exchange on its way through filters and endpoint: what a plugin sees as `margay_exchange`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <margay/abi.h>

#include "container/dispatch.h"
#include "container/handshake.h"
#include "container/login_use.h"
#include "container/mapping.h"
#include "container/security/admission.h"
#include "container/session_use.h"
#include "server/exchange.h"
#include "server/tls/facts.h"

namespace container {

// A request attribute; a list in the exchange's arena.
struct RequestAttribute {
  using Make = void (*)(void* argument, margay_exchange*, margay_str name);

  std::string_view name, value;
  RequestAttribute* next = nullptr;
  bool is_set = false;
  Make make = nullptr;  // for who asks while it is not set
  void* argument = nullptr;
};

// What a plugin wants to hear of one event. Whoever holds one calls `gone` once at its end.
struct Watching {
  void (*event)(void*, margay_exchange*) = nullptr;
  void* argument = nullptr;
  void (*gone)(void*) = nullptr;

  void end() const {
    if (gone != nullptr) gone(argument);
  }
};

// Lives in the exchange's arena; belongs to whoever has the handler half. The four moments of the
// chain: `before` in order, `head` and `body` in reverse order, `done` when all is over.
class Invocation final : public server::Handler {
 public:
  struct Start {
    const HostMapping* host = nullptr;
    const Application* application = nullptr;  // null: nobody's path
    const MappedEndpoint* endpoint = nullptr;
    const MappedWebSocket* websocket = nullptr;  // a handshake: takes the place of an endpoint
    Upgrades* upgrades = nullptr;                // with a websocket
    server::Workers* workers = nullptr;          // of the connector
    std::uint16_t redirect_port = 0;             // of the connector; with an admission
    int error = 0;                               // answered instead of calling an endpoint
    std::string_view error_message;
    bool or_websocket = false;  // where the endpoint has nothing (404), a WebSocket is: 426
  };

  Invocation(server::Exchange& exchange, const margay_host& host_functions, Start start);

  // The C view; filled by the engine before the exchange starts.
  margay_request request{};
  std::string_view server_name;
  // Of a connection that is encrypted; before the scheme is asked for.
  void use_tls(std::shared_ptr<const server::tls::Facts> facts) { tls_ = std::move(facts); }
  void use_scheme(std::string_view scheme) { scheme_ = scheme; }  // empty: as the connection is
  std::uint16_t server_port = 0;
  std::string_view max_parameters;  // of the connector; lives as long as that
  // Before the exchange starts: what has to hold for the application to see it. `path`: within the
  // context.
  void use_admission(const security::Guard* guard, const security::Security* security,
                     security::TokenCache& cache, std::string_view path);

  // Before the route is chosen: filters that have a say in it may set another path. Behind it,
  // `start` is where the exchange goes.
  void map(const std::vector<MappedFilter>& filters);
  void use(const Start& start) {
    start_ = start;
    routed_ = start.endpoint;
  }

  bool needs_worker() const;
  bool is_timed() const { return timed_; }  // some filter's `done` may ask how long it took
  server::Body body() const;  // how the endpoint takes it; nobody looks at it in an error
  std::size_t body_limit(std::size_t usual) const;  // `usual`: where the endpoint sets none
  void choose_filters(margay_dispatcher dispatcher, std::string_view path,
                      std::string_view path_in_context);

  // --- server::Handler ---
  void serve(server::Exchange& exchange) override;
  void resumed(server::Exchange& exchange, void (*run)(), void* argument, bool gone) override;
  void event(server::Exchange& exchange, server::Event event) override;
  void abandoned(server::Exchange& exchange) override;
  void overdue(server::Exchange& exchange, int status) override;
  void substitute(const server::Exchange& exchange, server::Substitute& answer) override;
  const char* title() const override;

  // After everything, on the loop.
  void done(std::uint64_t micros);

  // --- the host functions, see bridge.cpp and abi.h ---
  margay_result status(int code);
  margay_result header(int mode, std::string_view name, std::string_view value);
  margay_result write(std::string_view bytes);
  margay_result flush();
  margay_result send_file(int descriptor, std::uint64_t offset, std::uint64_t length);
  margay_result send_error(int code, std::string_view message);
  margay_result thrown(const margay_thrown& what);
  margay_result finish();
  // Answers 101 (RFC 9110 section 15.2.2) for the connection to become what `token` installs.
  // CLOSED: the answer is over or the client has gone. FAILED: not upgradable, or no valid name.
  margay_result upgrade(std::string_view protocol, std::unique_ptr<server::UpgradeToken> token);
  margay_result emit(std::string_view bytes);
  margay_result pass_body();
  margay_result proceed();
  margay_result watch(int what, Watching watching);
  void cut() { fail(); }

  // --- dispatches within the application, see dispatch.h and abi_dispatch.h ---
  margay_result forward(std::string_view path);
  margay_result forward_named(std::string_view endpoint);
  margay_result redispatch(std::string_view path);
  margay_result include(std::string_view path, int& status);
  margay_result include_named(std::string_view endpoint, int& status);
  int leads_to(std::string_view path);  // a margay_mapping_match
  bool is_guarded_alike(std::string_view path);
  bool includes() const { return dispatches_ != nullptr && dispatches_->depth > 0; }

  // The head moments of a 101; its fields are there. Behind it there is no body.
  void switch_protocols();
  std::string_view info(int what);
  margay_result set_info(int what, std::string_view value);
  // What was set, else what Tomcat tells of TLS under this name.
  std::optional<std::string_view> attribute(std::string_view name);
  // The same, but makes what is made when somebody asks.
  std::optional<std::string_view> ask_attribute(std::string_view name);
  margay_result set_attribute(std::string_view name, std::string_view value);
  margay_result provide_attribute(std::string_view name, RequestAttribute::Make make,
                                  void* argument);
  template <class Each>
  void each_attribute(Each&& each) const {
    for (const RequestAttribute* one = attributes_; one != nullptr; one = one->next)
      if (one->is_set) each(one->name, one->value);
  }

  // The session of the application that serves this.
  SessionUse& sessions() { return sessions_; }
  LoginUse& logins() { return logins_; }
  // From now on somebody else has the exchange; null: nobody. Gives who it was.
  security::PrincipalPointer become(security::PrincipalPointer user);
  int insist_on_user();               // as Admission::insist
  void complete_refusal(int status);  // that it gave
  bool is_committed() const { return headed_ || exchange_.committed(); }
  void go_on() { run_chain(); }  // its turn with the session has come

  server::Exchange& exchange() { return exchange_; }
  bool is_handshake() const { return start_.websocket != nullptr; }
  bool streams_body() const;  // as its endpoint wants it, though nobody may have read it
  const HostMapping* host() const { return start_.host; }
  const Application* application() const { return start_.application; }
  server::Workers& workers() const { return *start_.workers; }
  const MappedEndpoint* endpoint() const { return start_.endpoint; }
  bool in_endpoint() const { return called_ && !in_error_; }  // it runs, or may yet answer
  const RequestAttribute* attributes() const { return attributes_; }
  std::string_view principal() const { return principal_; }
  // Nothing: the application has no users and no constraint for this path.
  const std::optional<security::Admission>& admission() const { return admission_; }
  const std::shared_ptr<const server::tls::Facts>& tls() const { return tls_; }  // null: plain
  std::string_view remote_address();

  // Held back before the commit (Tomcat: bufferSize), and of what filters have made of it.
  static constexpr std::size_t kBuffer = 8 * 1024;
  // The same where filters transform the body: it is often whole then, and its length known to
  // them.
  static constexpr std::size_t kRawBuffer = 64 * 1024;
  static constexpr std::size_t kMaxAttributes = 64;

 private:
  struct Step {
    const MappedFilter* use;
    void* state;
    bool passes;  // its `head` wanted nothing of the body

    bool transforms() const { return use->type->body != nullptr && !passes; }
  };
  // Filters of an include, for their `done`.
  struct IncludedSteps {
    Step* steps;
    std::uint32_t entered;
    IncludedSteps* next;
  };
  // What a path within the application leads to; texts are the arena's.
  struct Aim {
    const MappedEndpoint* endpoint = nullptr;  // null: nothing
    bool is_path = true;                       // false: a path that is not valid, or a name
    std::string_view path_in_context, query;
    DispatchPaths paths;
    const margay_field* parameters = nullptr;
    std::uint32_t parameter_count = 0;
  };

  void show_body(const MappedEndpoint* endpoint);
  void run_chain();
  security::Admission& need_admission();
  bool saves_body() const;
  bool turn_away();
  bool turn_away_user();
  std::string_view loggable_target();  // without secrets of its application
  bool redirect_to_tls(int status);
  bool reaches_cors_filter() const;
  security::Evidence evidence();
  void call_endpoint();
  void shake_hands();
  void trace();
  void end_turn();
  void end_watching();
  void fail();
  void log_overdue() const;
  const ErrorPolicy& error_policy() const;
  void commit(int signs, std::optional<std::uint64_t> rest);
  void call_heads(std::optional<std::uint64_t> rest);
  void give_to_filters(int signs);
  margay_result hand_over(int signs);  // margay_body_sign: what filters are told
  margay_result break_off();
  bool is_head_final() const { return exchange_.committed() || (headed_ && heading_ == nullptr); }
  // What is written now is for nobody: the answer has ended, or is another's from here on.
  bool is_over() const { return exchange_.ended() || file_right_ != nullptr || is_passed_on(); }
  bool is_passed_on() const {
    return moving_ ||
           (dispatches_ != nullptr && (dispatches_->pending || dispatches_->include_over));
  }
  margay_result put(std::string_view bytes);
  margay_result copy_file();
  margay_result include_file(server::FileRange file);
  void go_on_with_file();
  void transform(std::size_t stage, std::string_view bytes, int signs);
  std::uint32_t choose(std::uint32_t dispatcher, std::string_view path,
                       std::string_view path_in_context, Step* into, std::uint32_t& guarded);
  std::size_t filter_count() const;
  margay_result report(int code, std::string_view message, const margay_thrown* what);
  const ErrorPage* error_page(int code, const margay_thrown* what) const;
  bool error_dispatch(const ErrorPage& page);
  void render_error_body(int code, std::string_view message);

  Dispatches& dispatches();
  Aim aim(std::string_view location);
  Aim aim_at(std::string_view path_in_context, std::string_view query);
  const MappedEndpoint* endpoint_named(std::string_view name) const;
  DispatchPaths paths() const;
  void retell(const Aim& aim);
  void follow(const Aim& aim, margay_dispatcher kind);
  void go_on_dispatched();
  void run_pending();
  margay_result include(const Aim& aim, int& status);
  void run_included(const Aim& aim, Step* steps, std::uint32_t count);
  bool must_move(const MappedEndpoint* endpoint, const Step* steps, std::uint32_t count) const;
  const server::Log* log() const;
  std::string_view number(std::uint64_t value);
  std::string_view error_info(int what);
  RequestAttribute* find_attribute(std::string_view name);
  RequestAttribute* attribute_room(std::string_view name);
  margay_result set_path(std::string_view path);

  server::Exchange& exchange_;
  const margay_host& host_;
  Start start_;
  const MappedEndpoint* routed_;  // start_.endpoint at first, for whoever may not read that
  SessionUse sessions_{*this};
  LoginUse logins_{*this};
  Step* steps_ = nullptr;
  std::uint32_t step_count_ = 0;
  std::uint32_t position_ = 0;  // the next `before`
  std::uint32_t entered_ = 0;   // filters whose `before` was called
  std::uint32_t guarded_ = 0;   // the first filter of the application; constraints come before
  std::uint32_t dispatcher_ = MARGAY_REQUEST;
  std::size_t emit_stage_ = 0;
  std::int64_t answer_length_ = -1;  // during the `head` moments; -1: not known
  Step* heading_ = nullptr;          // whose `head` is called
  // What send_file has to pass through the filters yet, and the right to come back for it.
  server::FileRange file_;
  server::Async* file_right_ = nullptr;
  bool headed_ = false;  // `head` moments are over
  bool timed_ = false;
  bool transforms_ = false;  // some filter has a `body` moment, and from the commit on: uses it
  bool transformed_end_ = false;
  bool unflushed_ = false;   // filters may keep back what was written
  bool broken_ = false;      // by a filter: the answer cannot end well
  bool lengthless_ = false;  // HEAD where filters would have changed the body: nobody knows
  bool mapping_ = false;     // `map` moments are called
  bool called_ = false;      // the endpoint
  bool waiting_ = false;     // a suspended `before` decides
  bool in_error_ = false;
  bool moving_ = false;                // to a worker, at the end of this turn
  Dispatches* dispatches_ = nullptr;   // from the first on, in the arena
  IncludedSteps* included_ = nullptr;  // the last first
  std::string_view principal_, remote_address_, scheme_;
  std::shared_ptr<const server::tls::Facts> tls_;
  std::uint16_t remote_port_ = 0;
  bool remote_set_ = false;
  std::optional<security::Admission> admission_;
  bool admitted_ = false;           // or there was nothing to ask
  bool unjudged_ = false;           // admitted as a pre-flight that a filter will answer
  bool takes_login_ = false;        // it brings the form of a login page
  Handshake* handshake_ = nullptr;  // from the call on; null: this is none
  RequestAttribute* attributes_ = nullptr;
  std::size_t attribute_count_ = 0;
  static constexpr int kEvents = 3;
  Watching* watching_ = nullptr;  // kEvents of them, in the arena, from the first `watch` on
  int told_ = 0;                  // the event whose watcher is being called; 0: none
  bool told_replaced_ = false;    // by the call itself: ended when that returns
};

inline margay_exchange* handle(Invocation& invocation) {
  return reinterpret_cast<margay_exchange*>(&invocation);
}

}  // namespace container
