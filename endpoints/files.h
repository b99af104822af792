// Static files of a folder: GET and HEAD, nothing outside it, no links followed unless it is asked
// for.
#pragma once

#include <margay/plugin.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "endpoints/byte_ranges.h"
#include "endpoints/content_tags.h"
#include "endpoints/file_cache.h"
#include "endpoints/media_types.h"
#include "endpoints/precompressed.h"

namespace endpoints {

// Parameters: `root` (default: `static` in the application's folder), `index` (index.html; several
// names separated by commas, of which the first that exists stands for its folder), and of the
// cache `cacheMaxSize` (10240 KiB for each loop), `cacheObjectMaxSize` (64 KiB; larger files
// are kept open), `cacheTtl` (5000 ms until a change is seen; 0: no cache), and
// `directoryRedirectStatusCode` (302; 301, 307, 308), and `precompressed` (false; true for
// br=.br,gzip=.gz, or such a list: who takes an encoding gets the file beside the one asked for;
// both can be asked for by name), `listings` (false; true: a folder without an index shows what is
// in it), `allowLinking` (false: a symbolic link is a 404, wherever it stands in a path; true:
// links are followed wherever they lead, also out of the folder, as Tomcat does it), `readonly`
// (true, and nothing else), `useStrongETags` (false; true: the ETag is a hash of the content. Of a
// file of more than 64 KiB a thread of its own makes it; until that is known, and `cacheTtl` over,
// the weak one is sent), `mimeMappings` (what <MimeMapping> says: extension=type, between commas).
// Validators: Last-Modified and a weak ETag as Tomcat's DefaultServlet makes them; conditions in
// the order of RFC 9110 section 13.2.2. Ranges with GET: one as it is, several as
// multipart/byteranges of up to 1 MiB; more than that is all of the file. Opening a file may wait
// for the disk, which is short and accepted on the loop.
class Files : public margay::Endpoint {
 public:
  static constexpr auto dispatch = margay::Dispatch::loop;

  explicit Files(const margay::Config& config);
  ~Files() override;
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;

  void service(margay::Request& request, margay::Response& response) override;

 private:
  static constexpr std::size_t kThreads = 256;

  int open_file(std::string_view path) const;
  FileCache& cache_of_this_thread();
  const ServedFile* find(margay::Request& request, margay::Response& response,
                         std::string_view path);
  std::unique_ptr<ServedFile> take(margay::Request& request, margay::Response& response, int file,
                                   std::string_view name);
  static bool welcomes(const margay::Request& request, margay::Response& response,
                       std::string_view ending, margay_mapping_match how);
  static bool leaves_to_client(const margay::Request& request, margay::Response& response,
                               std::string_view ending);
  static void fail(const margay::Request& request, margay::Response& response, int error);
  bool send_listing(margay::Request& request, margay::Response& response,
                    std::string_view path) const;
  bool prepare(ServedFile& file, const struct stat& about) const;
  void look_for_encoded(ServedFile& file, const std::string& name) const;
  void send(margay::Request& request, margay::Response& response, const ServedFile& file);
  static void send_as_is(margay::Request& request, margay::Response& response,
                         const ServedFile& file);
  static void send_part(margay::Response& response, const ServedFile& file, const ByteRange& part);
  static bool send_parts(margay::Response& response, const ServedFile& file,
                         const std::vector<ByteRange>& parts);

  int root_ = -1;  // descriptor of the folder: what is opened lies beneath it
  std::vector<std::string> index_;
  std::vector<Encoding> encodings_;
  int redirect_status_ = 302;
  bool listings_ = false;
  bool allow_linking_ = false;
  MediaTypes types_;
  std::unique_ptr<ContentTags> tags_;  // null: weak ones
  FileCacheLimits limits_;
  std::vector<std::unique_ptr<FileCache>> caches_;  // by thread; each touches its own only
};

}  // namespace endpoints
