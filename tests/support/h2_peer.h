// A client of HTTP/2 by nghttp2 and its connection on one thread: keeps the rules, and shows what
// it was answered.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/http2/http2.h"
#include "tests/support/conversation.h"
#include "tests/support/small_server.h"

namespace tests {

struct H2Answer {
  int status = 0;
  std::vector<int> interim;  // 1xx before it
  std::map<std::string, std::string> fields;
  std::string body;
  bool ended = false;
  std::optional<std::uint32_t> reset;  // with this code
};

struct H2Options {
  server::http1::Options http1;
  server::http2::Options http2;
  std::uint32_t window = 65'535;   // of each answer
  bool gives_window_back = true;   // false: never, so that answers stop
  bool keeps_stream_limit = true;  // false: opens as many as it likes
};

class H2Peer {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit H2Peer(server::Service& service, H2Options options = {})
      : options_(std::move(options)),
        shared_{service, options_.http1, options_.http2, memory_},
        conversation_([this](server::Connection& connection) {
          return std::make_unique<server::http2::Http2>(connection, shared_);
        }) {
    nghttp2_session_callbacks* calls = nullptr;
    nghttp2_session_callbacks_new(&calls);
    nghttp2_session_callbacks_set_on_header_callback(calls, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(calls, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(calls, on_close);
    nghttp2_option* option = nullptr;
    nghttp2_option_new(&option);
    nghttp2_option_set_no_auto_window_update(option, options_.gives_window_back ? 0 : 1);
    nghttp2_session_client_new2(&session_, calls, this, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(calls);
    const nghttp2_settings_entry window{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, options_.window};
    nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &window, 1);
    talk();
  }
  ~H2Peer() { nghttp2_session_del(session_); }
  H2Peer(const H2Peer&) = delete;
  H2Peer& operator=(const H2Peer&) = delete;

  // --- to be sent by the next `talk` -------------------------------------------------------------
  std::int32_t ask(const std::string& target, const std::string& method = "GET",
                   const Fields& fields = {}) {
    return submit(target, method, fields, false);
  }
  // A request whose body follows by `write` and `finish`.
  std::int32_t ask_with_body(const std::string& target, const Fields& fields = {}) {
    return submit(target, "POST", fields, true);
  }
  void write(std::int32_t id, std::string_view bytes) {
    bodies_[id].bytes.append(bytes);
    nghttp2_session_resume_data(session_, id);
  }
  void finish(std::int32_t id, const Fields& trailers = {}) {
    bodies_[id].finished = true;
    bodies_[id].trailers = trailers;
    nghttp2_session_resume_data(session_, id);
  }
  void reset(std::int32_t id) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, NGHTTP2_CANCEL);
  }
  void give_window(std::int32_t id, std::int32_t bytes) {
    nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, id, bytes);
  }

  // --- both sides say all they can ---------------------------------------------------------------
  void talk() {
    while (speak() || listen()) {
    }
  }
  // Lets time pass until `happened`; false when it does not.
  template <class Happened>
  bool await(Happened happened) {
    talk();
    return conversation_.await([&] {
      talk();
      return happened();
    });
  }

  const H2Answer& answer(std::int32_t id) { return answers_[id]; }
  std::size_t unsent(std::int32_t id) { return bodies_[id].bytes.size(); }
  const std::vector<std::pair<std::int32_t, std::uint32_t>>& goodbyes() const { return goodbyes_; }
  Conversation& conversation() { return conversation_; }

 private:
  struct Body {
    std::string bytes;
    Fields trailers;
    bool finished = false;
  };

  static nghttp2_nv field(const std::string& name, const std::string& value) {
    const auto bytes = [](const std::string& text) {
      return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
    };
    return {bytes(name), bytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
  }
  static std::vector<nghttp2_nv> values(const Fields& fields) {
    std::vector<nghttp2_nv> made;
    for (const auto& [name, value] : fields) made.push_back(field(name, value));
    return made;
  }
  std::int32_t submit(const std::string& target, const std::string& method, const Fields& fields,
                      bool with_body) {
    Fields all{{":method", method}, {":scheme", "http"}, {":authority", "test"}, {":path", target}};
    all.insert(all.end(), fields.begin(), fields.end());
    const std::vector<nghttp2_nv> made = values(all);
    nghttp2_data_provider body{};
    body.read_callback = read;
    const std::int32_t id = nghttp2_submit_request(session_, nullptr, made.data(), made.size(),
                                                   with_body ? &body : nullptr, nullptr);
    if (id < 0) throw std::runtime_error(nghttp2_strerror(id));
    return id;
  }
  bool speak() {
    std::string said;
    const std::uint8_t* bytes = nullptr;
    for (ssize_t size = 0; (size = nghttp2_session_mem_send(session_, &bytes)) > 0;)
      said.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    if (said.empty()) return false;
    conversation_.say(said);
    return true;
  }
  bool listen() {
    conversation_.settle();
    std::string heard = conversation_.take();
    if (heard.empty()) return false;
    // The first setting of the first frame is the limit.
    if (!std::exchange(greeted_, true) && !options_.keeps_stream_limit)
      heard.replace(9 + 2, 4, "\xff\xff\xff\xff");
    const ssize_t used = nghttp2_session_mem_recv(
        session_, reinterpret_cast<const std::uint8_t*>(heard.data()), heard.size());
    if (used < 0) throw std::runtime_error(nghttp2_strerror(static_cast<int>(used)));
    return true;
  }

  static H2Peer& self(void* user) { return *static_cast<H2Peer*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    H2Answer& to = self(user).answers_[frame->hd.stream_id];
    const std::string key(reinterpret_cast<const char*>(name), name_size);
    const std::string text(reinterpret_cast<const char*>(value), value_size);
    if (key != ":status") {
      to.fields[key] = text;
    } else if (text.starts_with('1')) {
      to.interim.push_back(std::stoi(text));
    } else {
      to.status = std::stoi(text);
    }
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    const bool may_end = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
    if (may_end && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
      self(user).answers_[frame->hd.stream_id].ended = true;
    if (frame->hd.type == NGHTTP2_GOAWAY)
      self(user).goodbyes_.emplace_back(frame->goaway.last_stream_id, frame->goaway.error_code);
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* bytes,
                     std::size_t size, void* user) {
    self(user).answers_[id].body.append(reinterpret_cast<const char*>(bytes), size);
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user) {
    if (!self(user).answers_[id].ended) self(user).answers_[id].reset = code;
    return 0;
  }
  static ssize_t read(nghttp2_session* session, std::int32_t id, std::uint8_t* to, std::size_t room,
                      std::uint32_t* flags, nghttp2_data_source*, void* user) {
    Body& body = self(user).bodies_[id];
    const std::size_t size = std::min(room, body.bytes.size());
    if (size == 0 && !body.finished) return NGHTTP2_ERR_DEFERRED;
    std::memcpy(to, body.bytes.data(), size);
    body.bytes.erase(0, size);
    if (!body.finished || !body.bytes.empty()) return static_cast<ssize_t>(size);
    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!body.trailers.empty()) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      const std::vector<nghttp2_nv> made = values(body.trailers);
      nghttp2_submit_trailer(session, id, made.data(), made.size());
    }
    return static_cast<ssize_t>(size);
  }

  const H2Options options_;
  server::http2::Memory memory_;
  const server::http2::Shared shared_;
  Conversation conversation_;
  nghttp2_session* session_ = nullptr;
  bool greeted_ = false;
  std::map<std::int32_t, H2Answer> answers_;
  std::map<std::int32_t, Body> bodies_;
  std::vector<std::pair<std::int32_t, std::uint32_t>> goodbyes_;
};

}  // namespace tests
