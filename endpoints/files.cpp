// Static files of a folder: GET and HEAD, nothing outside it, no links followed.
#include "endpoints/files.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <margay/known_parameters.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <random>
#include <utility>

#include "endpoints/listing.h"
#include "endpoints/preconditions.h"

namespace endpoints {

namespace {

// Where the kernel has no openat2 (before 5.6): one component after the other, links refused.
int open_stepwise(int root, std::string_view path) {
  int folder = ::dup(root);
  while (folder >= 0) {
    const auto slash = path.find('/');
    const std::string name(path.substr(0, slash));
    const bool last = slash == path.npos;
    if (name.empty() || name == "..") {
      ::close(folder);
      errno = ENOENT;
      return -1;
    }
    const int next =
        ::openat(folder, name.c_str(),
                 O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (last ? 0 : O_DIRECTORY));
    const int error = errno;
    ::close(folder);
    errno = error;
    if (last) return next;
    folder = next;
    path.remove_prefix(slash + 1);
  }
  return -1;
}

int open_beneath(int root, std::string_view path) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const std::string name(path);
  const long fd = ::syscall(SYS_openat2, root, name.c_str(), &how, sizeof how);
  if (fd >= 0 || errno != ENOSYS) return static_cast<int>(fd);
  return open_stepwise(root, path);
}

// Goes wherever links lead; the path itself does not leave the folder.
int open_following(int root, std::string_view path) {
  if (path.starts_with('/') || ("/" + std::string(path) + "/").find("/../") != std::string::npos) {
    errno = ENOENT;
    return -1;
  }
  return ::openat(root, std::string(path).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

bool is_reserved(std::string_view path) {
  const std::string_view first = path.substr(0, path.find('/'));
  for (const std::string_view name : {std::string_view("web-inf"), std::string_view("meta-inf")}) {
    bool same = first.size() == name.size();
    for (std::size_t i = 0; same && i < name.size(); ++i)
      same = (first[i] | 0x20) == name[i] || first[i] == name[i];
    if (same) return true;
  }
  return false;
}

// Of another answer, or of an error's: what the client asked of something else does not count.
bool is_part(const margay::Request& request) {
  return request.dispatcher() == MARGAY_INCLUDE || request.dispatcher() == MARGAY_ERROR_PAGE;
}

constexpr std::uint64_t kMostInParts = 1024 * 1024;  // bytes of one multipart/byteranges

std::string content_range(const ByteRange& part, std::uint64_t size) {
  return "bytes " + std::to_string(part.first) + '-' + std::to_string(part.first + part.size - 1) +
         '/' + std::to_string(size);
}

constexpr std::uint64_t kHeldBack = 8 * 1024;  // of an answer, see Response::write

// Nothing that is in the file by chance, or by the will of who wrote it.
std::string make_boundary() {
  thread_local std::random_device random;
  char text[40];
  std::snprintf(text, sizeof text, "margay-%08x%08x%08x", random(), random(), random());
  return text;
}

// Whether it says that there is no such file, or none within the root.
bool is_absent(int error) {
  constexpr std::array kErrors{ENOENT, ENOTDIR, ELOOP, EXDEV, ENAMETOOLONG, ENXIO, ENODEV};
  return std::find(kErrors.begin(), kErrors.end(), error) != kErrors.end();
}

// Of a welcome file in the folder that was asked for, within the application.
std::string welcome_path(const margay::Request& request, std::string_view ending) {
  return std::string(request.servlet_path()).append(request.path_info()).append(ending);
}

// "index.html, index.htm"
std::vector<std::string> names(std::string_view list) {
  std::vector<std::string> result;
  while (!list.empty()) {
    const auto comma = list.find(',');
    std::string_view one = list.substr(0, comma);
    list = comma == list.npos ? std::string_view{} : list.substr(comma + 1);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (!one.empty()) result.emplace_back(one);
  }
  return result;
}

}  // namespace

Files::Files(const margay::Config& config)
    : index_(names(config.get("index", "index.html"))), types_(config.get("mimeMappings")) {
  require_known(config, {"root", "index", "cacheMaxSize", "cacheObjectMaxSize", "cacheTtl",
                         "directoryRedirectStatusCode", "precompressed", "listings", "allowLinking",
                         "readonly", "useStrongETags", "mimeMappings"});
  limits_.bytes = config.get<std::size_t>("cacheMaxSize", limits_.bytes / 1024) * 1024;
  limits_.object_bytes =
      config.get<std::size_t>("cacheObjectMaxSize", limits_.object_bytes / 1024) * 1024;
  limits_.ttl = config.get<std::uint64_t>("cacheTtl", limits_.ttl);
  redirect_status_ = config.integer<int>("directoryRedirectStatusCode", 302, 301, 308);
  if (redirect_status_ > 302 && redirect_status_ < 307)
    throw margay::ConfigError("directoryRedirectStatusCode",
                              "'directoryRedirectStatusCode' is 301, 302, 307 or 308");
  listings_ = config.boolean("listings", false);
  allow_linking_ = config.boolean("allowLinking", false);
  if (!config.boolean("readonly", true))
    throw margay::ConfigError("readonly", "files are never written here: 'readonly' is true");
  if (config.boolean("useStrongETags", false)) tags_ = std::make_unique<ContentTags>();
  encodings_ = parse_encodings(config.get("precompressed", "false"));
  caches_.resize(kThreads);
  std::string root(config.get("root"));
  if (root.empty()) root = std::string(config.folder()) + "/static";
  if (root.front() != '/' && !config.folder().empty())
    root = std::string(config.folder()) + "/" + root;
  root_ = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root_ < 0)
    throw margay::ConfigError("root",
                              "the folder " + root + " cannot be opened: " + std::strerror(errno));
}

Files::~Files() {
  if (root_ >= 0) ::close(root_);
}

int Files::open_file(std::string_view path) const {
  if (path.empty() || is_reserved(path)) {
    errno = ENOENT;
    return -1;
  }
  return allow_linking_ ? open_following(root_, path) : open_beneath(root_, path);
}

void Files::service(margay::Request& request, margay::Response& response) {
  if (request.method() != "GET" && request.method() != "HEAD" && !is_part(request)) {
    if (request.method() == "OPTIONS") {
      response.status(204).header("Allow", "GET, HEAD, OPTIONS");
      return;
    }
    response.header("Allow", "GET, HEAD, OPTIONS");
    response.send_error(405);
    return;
  }
  // A default or extension mapping has the file in the servlet path, a prefix mapping behind it.
  std::string_view path =
      request.path_info().empty() ? request.servlet_path() : request.path_info();
  if (path.empty()) path = "/";
  path.remove_prefix(1);
  if (const ServedFile* file = find(request, response, path); file != nullptr)
    send(request, response, *file);
}

// Null: there is no such file, and the answer says so.
const ServedFile* Files::find(margay::Request& request, margay::Response& response,
                              std::string_view path) {
  static const std::vector<std::string> itself{""};
  const std::uint64_t now = coarse_milliseconds();
  FileCache& cache = cache_of_this_thread();
  std::string name;
  const bool is_folder = path.empty() || path.back() == '/';
  for (const std::string& ending : is_folder ? index_ : itself) {
    name.assign(path).append(ending);
    // Known files are nobody else's: patterns stay as they are as long as this lives.
    if (const ServedFile* known = cache.find(name, now); known != nullptr)
      return is_folder && leaves_to_client(request, response, ending) ? nullptr : known;
    if (is_folder && welcomes(request, response, ending, MARGAY_MATCH_PATH)) return nullptr;
    const int file = open_file(name);
    if (file < 0 && !is_absent(errno)) return fail(request, response, errno), nullptr;
    if (file < 0) continue;
    if (is_folder && (welcomes(request, response, ending, MARGAY_MATCH_EXTENSION) ||
                      leaves_to_client(request, response, ending)))
      return ::close(file), nullptr;
    auto found = take(request, response, file, name);
    if (found == nullptr) return nullptr;
    look_for_encoded(*found, name);
    return &cache.keep(name, std::move(found), now);
  }
  for (const std::string& ending : index_)
    if (is_folder && welcomes(request, response, ending, MARGAY_MATCH_EXTENSION)) return nullptr;
  if (!is_folder || !listings_ || !send_listing(request, response, path))
    fail(request, response, ENOENT);
  return nullptr;
}

// Where a file cannot be had. A page for an error that is missing is no other error.
void Files::fail(const margay::Request& request, margay::Response& response, int error) {
  if (request.is_error_dispatch())
    response.send_error(request.error_status(), request.error_message());
  else if (is_absent(error))
    response.send_error(404);
  else if (error == EACCES || error == EPERM)
    response.send_error(403);
  else
    response.header("Retry-After", "1").send_error(503);  // such as too many open files
}

// A welcome file that other constraints guard than its folder is judged by them: the client asks
// for it under its own name.
bool Files::leaves_to_client(const margay::Request& request, margay::Response& response,
                             std::string_view ending) {
  const std::string path = welcome_path(request, ending);
  if (response.is_guarded_alike(path)) return false;
  std::string location = margay::detail::path_encode(std::string(request.path()).append(ending));
  if (!request.query().empty()) location.append("?").append(request.query());
  response.redirect(location);
  return true;
}

// Whether a welcome file of this folder is what another endpoint answers by such a pattern, which
// it then does (Servlet 6 section 10.10).
bool Files::welcomes(const margay::Request& request, margay::Response& response,
                     std::string_view ending, margay_mapping_match how) {
  const std::string path = welcome_path(request, ending);
  if (response.leads_to(path) != how) return false;
  if (leaves_to_client(request, response, ending)) return true;
  response.forward(margay::detail::path_encode(path));
  return true;
}

// False: there is no such folder.
bool Files::send_listing(margay::Request& request, margay::Response& response,
                         std::string_view path) const {
  const int folder = path.empty() ? ::openat(root_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                                  : open_file(path.substr(0, path.size() - 1));
  struct stat about {};
  if (folder < 0 && !is_absent(errno)) return fail(request, response, errno), true;
  if (folder < 0) return false;
  if (::fstat(folder, &about) != 0 || !S_ISDIR(about.st_mode)) {
    ::close(folder);
    return false;
  }
  Listing listing = read_folder(folder, allow_linking_);
  if (path.empty())
    std::erase_if(listing.files, [](const ListedFile& file) { return is_reserved(file.name); });
  const std::string page =
      listing_page(std::move(listing), request.path(), request.query(), path.empty());
  response.type("text/html;charset=utf-8").header("Cache-Control", "no-cache");
  response.header("Content-Length", std::to_string(page.size()));
  if (request.method() != "HEAD") response.write(page);
  return true;
}

// One cache for each thread, which is one for each loop; threads beyond kThreads share the work of
// looking up, not the cache.
FileCache& Files::cache_of_this_thread() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
  thread_local FileCache none{{.bytes = 0, .open_files = 0, .ttl = 0}};
  if (mine >= kThreads || limits_.ttl == 0) return none;
  if (caches_[mine] == nullptr) caches_[mine] = std::make_unique<FileCache>(limits_);
  return *caches_[mine];
}

// Null: it is not one that can be sent, and the answer says so. Owns the descriptor.
std::unique_ptr<ServedFile> Files::take(margay::Request& request, margay::Response& response,
                                        int file, std::string_view name) {
  struct stat about {};
  ::fstat(file, &about);
  if (!S_ISREG(about.st_mode)) {
    ::close(file);
    if (!S_ISDIR(about.st_mode)) {
      fail(request, response, ENOENT);
      return nullptr;
    }
    std::string location = margay::detail::path_encode(request.path());
    location += '/';
    if (!request.query().empty()) location.append("?").append(request.query());
    response.redirect(location, redirect_status_);
    return nullptr;
  }
  auto found = std::make_unique<ServedFile>(file, about, types_.of(name));
  if (!prepare(*found, about)) {
    response.send_error(500);
    return nullptr;
  }
  return found;
}

// False: the file has changed meanwhile.
bool Files::prepare(ServedFile& file, const struct stat& about) const {
  constexpr std::size_t kMostHashed = 64 * 1024;  // on the loop
  const bool is_kept = file.size() <= limits_.object_bytes;
  const bool is_short = is_kept && file.size() <= kMostHashed;
  if (tags_ != nullptr && !is_short)
    if (auto tag = tags_->find(file.descriptor(), about)) file.set_tag(*std::move(tag));
  if (is_kept && !file.load()) return false;
  if (tags_ != nullptr && is_short) file.set_tag(ContentTags::of(file.bytes()));
  return true;
}

void Files::look_for_encoded(ServedFile& file, const std::string& name) const {
  for (std::size_t i = 0; i < encodings_.size(); ++i) {
    const int descriptor = open_file(name + encodings_[i].extension);
    struct stat about {};
    if (descriptor < 0) continue;
    ::fstat(descriptor, &about);
    auto found = std::make_unique<ServedFile>(descriptor, about, file.type());
    if (S_ISREG(about.st_mode) && prepare(*found, about)) file.add_encoded(i, std::move(found));
  }
}

void Files::send(margay::Request& request, margay::Response& response, const ServedFile& file) {
  if (is_part(request)) {
    response.type(file.type());
    return send_part(response, file, {0, file.size()});
  }
  if (file.encodings() == 0) return send_as_is(request, response, file);
  response.header("Vary", "Accept-Encoding");
  const std::size_t number = choose_encoding(request, encodings_, file.encodings());
  if (number == kIdentity) return send_as_is(request, response, file);
  response.header("Content-Encoding", encodings_[number].name);
  send_as_is(request, response, *file.encoded(number));
}

void Files::send_as_is(margay::Request& request, margay::Response& response,
                       const ServedFile& file) {
  const Preconditions conditions(request);
  const auto verdict = conditions.judge(file.tag(), file.modified(), file.time());
  if (verdict == Preconditions::Verdict::malformed)
    return void(response.send_error(400, "A list of entity tags is malformed."));
  if (verdict == Preconditions::Verdict::failed) return void(response.send_error(412));
  const bool reads = request.method() == "GET";
  const auto range = reads ? conditions.range(file.tag(), file.modified()) : std::nullopt;
  ByteRanges ranges;
  if (range && verdict == Preconditions::Verdict::passed)
    ranges = parse_ranges(*range, file.size());
  if (ranges.kind == ByteRanges::Kind::not_satisfied) {
    response.header("Content-Range", "bytes */" + std::to_string(file.size()));
    return void(response.send_error(416));
  }
  response.header("ETag", file.tag()).header("Last-Modified", file.modified());
  if (verdict == Preconditions::Verdict::unchanged) return void(response.status(304));
  response.header("Accept-Ranges", "bytes").type(file.type());
  if (!reads) return void(response.header("Content-Length", std::to_string(file.size())));
  if (ranges.parts.size() == 1) {
    const ByteRange& part = ranges.parts.front();
    response.status(206).header("Content-Range", content_range(part, file.size()));
    return send_part(response, file, part);
  }
  if (ranges.kind == ByteRanges::Kind::parts && send_parts(response, file, ranges.parts)) return;
  send_part(response, file, {0, file.size()});
}

void Files::send_part(margay::Response& response, const ServedFile& file, const ByteRange& part) {
  if (file.is_loaded()) {
    // What is shorter than this is sent as a whole by itself.
    if (part.size >= kHeldBack) response.header("Content-Length", std::to_string(part.size));
    response.write(file.bytes().substr(part.first, part.size));
    return;
  }
  const int copy = ::fcntl(file.descriptor(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) {
    response.send_error(503);
    return;
  }
  response.send_file(copy, part.first, part.size);
}

// RFC 9110 section 14.6. False: that is more than is put together in memory, and the client gets
// all of the file, as it would from a server that knows no ranges.
bool Files::send_parts(margay::Response& response, const ServedFile& file,
                       const std::vector<ByteRange>& parts) {
  std::uint64_t total = 0;
  for (const ByteRange& part : parts) total += part.size;
  if (total > kMostInParts) return false;
  const std::string boundary = make_boundary();
  std::string body;
  body.reserve(total + parts.size() * 200);
  for (const ByteRange& part : parts) {
    body.append("\r\n--").append(boundary).append("\r\nContent-Type: ").append(file.type());
    body.append("\r\nContent-Range: ").append(content_range(part, file.size()));
    body.append("\r\n\r\n");
    if (!file.read(part.first, part.size, body)) {
      response.send_error(500);
      return true;
    }
  }
  body.append("\r\n--").append(boundary).append("--\r\n");
  response.status(206).type("multipart/byteranges; boundary=" + boundary);
  response.header("Content-Length", std::to_string(body.size())).write(body);
  return true;
}

}  // namespace endpoints
