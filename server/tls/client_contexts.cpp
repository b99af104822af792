// The contexts that clients of TLS use at the moment, so that many clients share one.
#include "server/tls/client_contexts.h"

#include <sys/stat.h>

#include <utility>

namespace server::tls {

ClientContexts::Stamp ClientContexts::stamp_of(const std::string& file) {
  struct stat its {};
  if (file.empty() || ::stat(file.c_str(), &its) != 0) return {};
  return {its.st_ino, its.st_size, its.st_mtim.tv_sec, its.st_mtim.tv_nsec};
}

tl::expected<std::shared_ptr<const ClientContext>, std::string> ClientContexts::take(
    const ClientOptions& options) {
  Key key{
      options,
      {stamp_of(options.ca_file), stamp_of(options.certificate_file), stamp_of(options.key_file)}};
  const std::scoped_lock lock(mutex_);
  if (const auto found = contexts_.find(key); found != contexts_.end())
    if (auto context = found->second.lock()) return context;
  auto made = ClientContext::load(options);
  if (!made) return made;
  std::erase_if(contexts_, [](const auto& one) { return one.second.expired(); });
  contexts_.emplace(std::move(key), *made);
  return made;
}

}  // namespace server::tls
