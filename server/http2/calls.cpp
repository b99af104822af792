// HTTP/2 on a connection: from nghttp2's callbacks to what they mean.
#include <nghttp2/nghttp2.h>

#include "server/http2/http2.h"

namespace server::http2 {

namespace {

// How many times the limit of a head may be unpacked, to no use, before that is an attack.
constexpr std::size_t kBomb = 8;

}  // namespace

// Called within nghttp2_session_mem_recv and mem_send. They may submit, but not send or receive.
struct Http2::Calls {
  static Http2& self(void* user) { return *static_cast<Http2*>(user); }
  static Occupant* occupant(nghttp2_session* session, std::int32_t id) {
    return static_cast<Occupant*>(nghttp2_session_get_stream_user_data(session, id));
  }
  static Stream* request(Occupant* its) {
    const bool is = its != nullptr && its->kind == Occupant::Kind::request;
    return is ? static_cast<Stream*>(its) : nullptr;
  }
  static Tunnel* tunnel(Occupant* its) {
    const bool is = its != nullptr && its->kind == Occupant::Kind::tunnel;
    return is ? static_cast<Tunnel*>(its) : nullptr;
  }
  static Stream* stream(nghttp2_session* session, std::int32_t id) {
    return request(occupant(session, id));
  }
  static std::string_view text(nghttp2_rcbuf* bytes) {
    const nghttp2_vec view = nghttp2_rcbuf_get_buf(bytes);
    return {reinterpret_cast<const char*>(view.base), view.len};
  }

  static int begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    const std::int32_t id = frame->hd.stream_id;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      self(user).open_stream(id);
    } else if (tunnel(occupant(session, id)) != nullptr) {  // RFC 9113 section 8.5
      nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    } else {
      self(user).begin_trailers();
    }
    return 0;
  }

  static int header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                    nghttp2_rcbuf* value, std::uint8_t, void* user) {
    Stream* const its = stream(session, frame->hd.stream_id);
    if (its == nullptr) return 0;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
      const http1::HeadLimits& limits = self(user).shared_.http1.head;
      its->fields.add(its->exchange.arena(), limits, text(name), text(value));
      if (its->fields.bytes() > kBomb * limits.bytes) {
        self(user).calm("a head that unpacks to much more than is allowed");
        return NGHTTP2_ERR_CALLBACK_FAILURE;
      }
    } else {
      self(user).trailer(*its, text(name), text(value));
    }
    return 0;
  }

  // RFC 9113 section 8.2.1: malformed, not only to be left out.
  static int invalid_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                            std::uint8_t, void*) {
    return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
  }

  static int frame(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    Http2& http2 = self(user);
    const bool ends = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    switch (frame->hd.type) {
      case NGHTTP2_HEADERS:
      case NGHTTP2_DATA: {
        const bool head =
            frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
        if (!head && !ends) return 0;
        Occupant* const its = occupant(session, frame->hd.stream_id);
        if (Tunnel* const one = tunnel(its); one != nullptr) {
          http2.tunnel_ended(*one);
        } else if (its != nullptr && head) {
          http2.head_complete(*request(its), ends);
        } else if (its != nullptr) {
          http2.body_complete(*request(its));
        }
        return 0;
      }
      case NGHTTP2_SETTINGS:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) return 0;
        http2.heard_settings();
        for (std::size_t i = 0; i < frame->settings.niv; ++i)
          if (frame->settings.iv[i].settings_id == NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE)
            http2.check_windows(frame->settings.iv[i].value);
        return 0;
      case NGHTTP2_PRIORITY_UPDATE: {  // RFC 9218 section 7.1
        const auto* its = static_cast<nghttp2_ext_priority_update*>(frame->ext.payload);
        if (its->stream_id == 0) http2.condemn(NGHTTP2_PROTOCOL_ERROR);
        return 0;
      }
      case NGHTTP2_RST_STREAM:
        if (Occupant* const its = occupant(session, frame->hd.stream_id); its != nullptr)
          its->reset_by_client = true;
        return 0;
      case NGHTTP2_WINDOW_UPDATE:
        http2.overhead_.window_update(
            static_cast<std::uint32_t>(frame->window_update.window_size_increment),
            http2.connection_.loop().now());
        return 0;
      case NGHTTP2_PING:
        if ((frame->hd.flags & NGHTTP2_FLAG_ACK) != 0) http2.heard_pong(frame->ping.opaque_data);
        return 0;
      default:
        return 0;
    }
  }

  static int data_chunk(nghttp2_session* session, std::uint8_t, std::int32_t id,
                        const std::uint8_t* bytes, std::size_t size, void* user) {
    const std::string_view piece(reinterpret_cast<const char*>(bytes), size);
    Occupant* const its = occupant(session, id);
    if (Tunnel* const one = tunnel(its); one != nullptr) {
      self(user).tunnel_input(*one, piece);
    } else {
      self(user).body(id, request(its), piece);
    }
    return 0;
  }

  static int stream_close(nghttp2_session* session, std::int32_t id, std::uint32_t code,
                          void* user) {
    Occupant* const its = occupant(session, id);
    self(user).note_closed(id, its, code);
    if (Tunnel* const one = tunnel(its); one != nullptr) {
      self(user).stream_closed(*one);
    } else if (its != nullptr) {
      self(user).leave(*request(its));
    }
    return 0;
  }

  // An answer without a body: only behind it, for a RST_STREAM overtakes what was submitted.
  static int frame_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type != NGHTTP2_HEADERS || (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
      return 0;
    if (Stream* const its = stream(session, frame->hd.stream_id); its != nullptr)
      self(user).refuse_rest(*its);
    return 0;
  }

  static int send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* head, std::size_t size,
                       nghttp2_data_source* source, void* user) {
    auto* const its = static_cast<Occupant*>(source->ptr);
    if (Tunnel* const one = tunnel(its); one != nullptr)
      return self(user).write_frame(*one, head, size);
    return self(user).write_frame(*request(its), head, size);
  }

  static const nghttp2_session_callbacks* table() {
    static const nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* calls = nullptr;
      nghttp2_session_callbacks_new(&calls);
      nghttp2_session_callbacks_set_on_begin_headers_callback(calls, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(calls, header);
      nghttp2_session_callbacks_set_on_invalid_header_callback2(calls, invalid_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(calls, frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(calls, data_chunk);
      nghttp2_session_callbacks_set_on_stream_close_callback(calls, stream_close);
      nghttp2_session_callbacks_set_send_data_callback(calls, send_data);
      nghttp2_session_callbacks_set_on_frame_send_callback(calls, frame_sent);
      return calls;
    }();
    return made;
  }
};

nghttp2_session* Http2::start_session() {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_outbound_ack(option, options_.max_queued_answers);
  nghttp2_option_set_max_continuations(option, options_.max_continuations);
  nghttp2_option_set_builtin_recv_extension_type(option, NGHTTP2_PRIORITY_UPDATE);
  nghttp2_session* session = nullptr;
  nghttp2_session_server_new3(&session, Calls::table(), this, option,
                              static_cast<nghttp2_mem*>(shared_.memory.functions()));
  nghttp2_option_del(option);
  return session;
}

}  // namespace server::http2
