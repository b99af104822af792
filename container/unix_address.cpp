// The address of a Unix domain socket, however long its path is.
#include "container/unix_address.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>

namespace container {

UnixAddress::UnixAddress(const std::filesystem::path& path) {
  address_.sun_family = AF_UNIX;
  std::string text = path.native();
  if (text.size() >= sizeof address_.sun_path) {
    folder_ = ::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder_ < 0)
      throw std::runtime_error("cannot open its folder: " + std::string(std::strerror(errno)));
    text = "/proc/self/fd/" + std::to_string(folder_) + '/' + path.filename().native();
  }
  if (text.size() >= sizeof address_.sun_path) {
    ::close(folder_);
    throw std::runtime_error("the name is longer than a socket may have; choose a shorter one");
  }
  text.copy(address_.sun_path, text.size());
}

UnixAddress::~UnixAddress() {
  if (folder_ >= 0) ::close(folder_);
}

}  // namespace container
