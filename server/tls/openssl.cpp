// OpenSSL's errors, names and times as ours.
#include "server/tls/openssl.h"

#include <time.h>

namespace server::tls {

std::string error_text() {
  const unsigned long error = ERR_get_error();
  ERR_clear_error();
  if (error == 0) return "the peer closed the connection";
  if (const char* const reason = ERR_reason_error_string(error)) return reason;
  char text[256];
  ERR_error_string_n(error, text, sizeof text);
  return text;
}

std::string name_text(const X509_NAME* name) {
  const OwnedBio memory(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(memory.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::chrono::sys_seconds time_of(const ASN1_TIME* time) {
  tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace server::tls
