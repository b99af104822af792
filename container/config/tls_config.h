// What server.xml says about TLS and HTTP/2 of one connector: plain values, as in server_config.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "container/config/config_element.h"

namespace container {

enum class CertificateType : std::uint8_t { undefined, rsa, ec, dsa };

// Files are relative to the server's folder.
struct CertificateConfig : ConfigElement {
  std::string file;
  std::string key_file;  // empty: in `file`
  std::string key_password;
  std::string key_password_file;
  std::string chain_file;
  std::string ocsp_file;
  CertificateType type = CertificateType::undefined;  // undefined: as the key is
};

struct OpenSslCommandConfig : ConfigElement {
  std::string name;
  std::string value;
};

struct OpenSslConfig : ConfigElement {
  std::vector<OpenSslCommandConfig> commands;
};

enum class VerificationChoice : std::uint8_t { none, optional, optional_no_ca, required };

struct SslHostConfig : ConfigElement {
  std::string host_name = "_default_";  // exact, or `*.example.org`; in lower case
  std::string protocols = "TLSv1.2+TLSv1.3";
  std::string ciphers;        // of TLS 1.2; empty: the server's own choice
  std::string cipher_suites;  // of TLS 1.3; empty: OpenSSL's
  std::string groups;         // empty: OpenSSL's
  bool honor_cipher_order = true;
  bool disable_session_tickets = false;
  std::chrono::milliseconds session_timeout{86'400'000};
  int session_cache_size = -1;  // -1: OpenSSL's
  bool insecure_renegotiation = false;
  VerificationChoice verification = VerificationChoice::none;
  int verification_depth = 10;
  std::string ca_file;
  std::string ca_path;
  std::string crl_file;
  std::string crl_path;
  std::vector<CertificateConfig> certificates;
  std::vector<OpenSslConfig> openssl;
};

enum class UpgradeProtocolChoice : std::uint8_t { http2 };

struct UpgradeProtocolConfig : ConfigElement {
  UpgradeProtocolChoice protocol = UpgradeProtocolChoice::http2;
  int max_concurrent_streams = 100;
  SizeBytes initial_window_size = 65'535;
  SizeBytes max_frame_size = 16'384;
  SizeBytes header_table_size = 4'096;
  std::chrono::milliseconds keep_alive_timeout{20'000};
  std::chrono::milliseconds read_timeout{5'000};
  std::chrono::milliseconds write_timeout{5'000};
  std::chrono::milliseconds stream_read_timeout{20'000};
  std::chrono::milliseconds stream_write_timeout{20'000};
  std::chrono::milliseconds drain_timeout{1'000};
  int overhead_count_factor = 10;
  int overhead_reset_factor = 50;
  SizeBytes overhead_continuation_threshold = 1'024;
  SizeBytes overhead_data_threshold = 1'024;
  SizeBytes overhead_window_update_threshold = 1'024;
  int max_continuations = 16;
  int max_queued_answers = 1'000;
};

}  // namespace container
