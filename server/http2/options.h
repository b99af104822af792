// What an HTTP/2 connection is told (Tomcat's UpgradeProtocol), beyond what it shares with HTTP/1.
#pragma once

#include <cstdint>

namespace server::http2 {

struct Options {
  std::uint32_t max_concurrent_streams = 100;   // beyond: REFUSED_STREAM
  std::uint32_t initial_window_size = 65'535;   // bytes of a request body the client may send ahead
  std::uint32_t max_frame_size = 16'384;        // bytes, 16,384 to 16,777,215
  std::uint32_t header_table_size = 4'096;      // bytes of HPACK's table for what clients send
  std::uint64_t keep_alive_timeout = 20'000;    // ms without a stream; then GOAWAY
  std::uint64_t read_timeout = 5'000;           // ms for the rest of a frame
  std::uint64_t write_timeout = 5'000;          // ms without the socket taking a byte
  std::uint64_t stream_read_timeout = 20'000;   // ms without a byte of a body somebody waits for
  std::uint64_t stream_write_timeout = 20'000;  // ms without window for an answer
  std::uint64_t drain_timeout = 1'000;  // ms between the two GOAWAY, at most; else a round trip
  // --- abuse: beyond each, GOAWAY with ENHANCE_YOUR_CALM ---
  std::uint32_t overhead_count_factor = 10;               // Tomcat's score; 0: not kept
  std::uint32_t overhead_reset_factor = 50;               // for each stream the client resets
  std::uint32_t overhead_continuation_threshold = 1'024;  // bytes; shorter ones count
  std::uint32_t overhead_data_threshold = 1'024;
  std::uint32_t overhead_window_update_threshold = 1'024;
  std::uint32_t max_continuations = 16;      // CONTINUATION frames of one header block
  std::uint32_t max_queued_answers = 1'000;  // SETTINGS and PING acknowledgements not sent yet
};

}  // namespace server::http2
