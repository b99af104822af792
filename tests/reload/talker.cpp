// A plugin whose sockets say which build they are of; the reload test writes the number into the
// file. What each has heard is told at its end, so that a client can count its answers against it.
#include <margay/plugin.h>
#include <margay/websocket.h>

#include <string>

// Not constant and visible to other translation units, so that it is read when the code runs.
extern char build_mark[];
char build_mark[] = "build 0000";

#ifdef TALKER_UNRESOLVED
extern "C" void nobody_has_this_function();
#endif

// Messages are "NAME NUMBER".
template <margay::Dispatch where>
class Talker : public margay::WebSocket {
 public:
  static constexpr auto dispatch = where;

  explicit Talker(const margay::Config& config) : log_(config.logger()) {}

  void message(margay::Session session, std::string_view text) override {
#ifdef TALKER_UNRESOLVED
    nobody_has_this_function();
#endif
    name_ = text.substr(0, text.find(' '));
    ++heard_;
    session.text(std::string(build_mark).append(" ").append(text));
  }
  void close(margay::Session, margay::CloseReason why) override {
    log_.info("socket " + name_ + " heard " + std::to_string(heard_) + " until " +
              std::to_string(why.code));
  }

 private:
  const margay::Logger log_;
  std::string name_ = "-";
  int heard_ = 0;
};

MARGAY_PLUGIN("talker", "1.0", margay::websocket<Talker<margay::Dispatch::loop>>("loop"),
              margay::websocket<Talker<margay::Dispatch::worker>>("worker"))
