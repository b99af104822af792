// Bodies of multipart/form-data: their parts, their limits, what is refused, and files on disk.
#include <doctest/doctest.h>
#include <margay/multipart.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace fs = std::filesystem;
using margay::MultipartConfig;
using margay::MultipartError;
using Reason = margay::MultipartError::Reason;

namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

std::string part(const std::string& header, const std::string& content) {
  return "--XX\r\nContent-Disposition: form-data; " + header + "\r\n\r\n" + content + "\r\n";
}
std::string whole(const std::string& parts) { return parts + "--XX--\r\n"; }

margay::Multipart read(const std::string& body, const MultipartConfig& config = {},
                       std::string_view type = kType) {
  margay::MultipartReader reader(type, config);
  reader.feed(body);
  return reader.finish();
}

// The reason why a body is refused, as a number; -1: it is taken.
int refused(const std::string& body, const MultipartConfig& config = {},
            std::string_view type = kType) {
  try {
    read(body, config, type);
    return -1;
  } catch (const MultipartError& error) {
    return static_cast<int>(error.reason());
  }
}
int number(Reason reason) { return static_cast<int>(reason); }

std::string content_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

struct Folder {
  Folder() : path(fs::temp_directory_path() / ("margay-multipart-" + std::to_string(::getpid()))) {
    fs::create_directory(path);
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

}  // namespace

TEST_CASE("fields and files of a form, by name and in their order") {
  auto form =
      read(whole(part("name=\"title\"", "Bread & butter") +
                 part("name=\"picture\"; filename=\"a.png\"\r\nContent-Type: image/png",
                      "\x89PNG\r\n\r\n--X") +
                 part("name=\"title\"", "again") + part("name=none; filename=\"\"", "") +
                 part("name=more; filename=1", "one") + part("name=more; filename=\"\"", "") +
                 part("name=more; filename=2", "two")));
  CHECK(form.parts().size() == 7);
  CHECK(form.text("title") == "Bread & butter");
  CHECK(form.texts("title") == std::vector<std::string_view>{"Bread & butter", "again"});
  CHECK_FALSE(form.text("Title"));
  CHECK_FALSE(form.text("picture"));
  margay::Part* const picture = form.file("picture");
  REQUIRE(picture != nullptr);
  CHECK(picture->content() == "\x89PNG\r\n\r\n--X");
  CHECK(picture->submitted_file_name() == "a.png");
  CHECK(picture->content_type() == "image/png");
  CHECK(picture->field("CONTENT-TYPE") == "image/png");
  CHECK(form.file("title") == nullptr);
  CHECK(form.file("none") == nullptr);
  const auto more = form.files("more");
  REQUIRE(more.size() == 2);
  CHECK(more[0]->content() == "one");
  CHECK(more[1]->content() == "two");
}

TEST_CASE(
    "delimiters: preamble, epilogue, padding, parts without content, and what looks like one") {
  const std::string one = "Content-Disposition: form-data; name=a\r\n\r\n";
  const auto a = [](const std::string& body, std::string_view type = kType) {
    auto form = read(body, {}, type);
    return std::string(form.text("a").value_or("(none)"));
  };
  CHECK(a("--XX\r\n" + one + "1\r\n--XX--") == "1");
  CHECK(a("before\r\n--XX\r\n" + one + "1\r\n--XX--\r\nbehind\r\n--XX\r\n") == "1");
  CHECK(a("\r\n--XX \t \r\n" + one + "1\r\n--XX--  ") == "1");
  CHECK(a("--XX\r\n" + one + "\r\n--XX--") == "");
  CHECK(a("--XX\r\n" + one + "--XX--") == "");
  CHECK(a("--XX\r\n" + one + "\r\n\r\n--XX--") == "\r\n");
  CHECK(a("--XX\r\n" + one + "\r\n--X\r\n\r\n--Y\r--XX--\n--XX--\r\n--XX--") ==
        "\r\n--X\r\n\r\n--Y\r--XX--\n--XX--");
  CHECK(a("--X;'() \"X\r\n" + one + "1\r\n--X;'() \"X--",
          "Multipart/Form-Data ; charset=x; Boundary=\"X;'() \\\"X\" ;") == "1");
  CHECK(read("--XX--").parts().empty());
}

TEST_CASE("what is not a form of this kind") {
  const std::string good = whole(part("name=a", "1"));
  CHECK(refused(good) == -1);
  for (const char* type : {"", "multipart/mixed; boundary=XX", "multipart/form-dataX; boundary=XX",
                           "application/x-www-form-urlencoded"})
    CHECK(refused(good, {}, type) == number(Reason::other_type));
  for (const std::string& boundary :
       {std::string(), std::string("; boundary"), std::string("; boundary="),
        std::string("; boundary=\"XX"), std::string("; boundary=\"XX\"Y"),
        std::string("; boundary=\"XX \""), std::string("; boundary=\"X\tX\""),
        std::string("; boundary=X\xC3\xBC"), "; boundary=" + std::string(71, 'X')}) {
    CAPTURE(boundary);
    CHECK(refused(good, {}, "multipart/form-data" + boundary) == number(Reason::malformed));
  }
}

TEST_CASE("what ends too early is incomplete") {
  const std::string good = part("name=a", "1") + "--XX--";
  for (std::size_t size = 0; size < good.size(); ++size) {
    CAPTURE(size);
    CHECK(refused(good.substr(0, size)) == number(Reason::incomplete));
  }
  CHECK(refused(good) == -1);
  CHECK(MultipartError(Reason::incomplete, "").status() == 400);
}

TEST_CASE("malformed parts are refused") {
  const auto head = [](const std::string& lines) { return "--XX\r\n" + lines + "\r\n1\r\n--XX--"; };
  const std::string name = "Content-Disposition: form-data; name=a\r\n";
  CHECK(refused(head(name)) == -1);
  CHECK(refused(head("X:y\r\ncontent-disposition:FORM-DATA ;NAME = \"a\";;\r\n")) == -1);
  for (const std::string& lines : {
           std::string(),
           std::string("Content-Type: text/plain\r\n"),
           std::string("Content-Disposition: form-data\r\n"),
           std::string("Content-Disposition: attachment; name=a\r\n"),
           std::string("Content-Disposition: form-data; name\r\n"),
           std::string("Content-Disposition: form-data; name=\"a\r\n"),
           std::string("Content-Disposition: form-data; name=a; name=b\r\n"),
           std::string("Content-Disposition: form-data; name=a; filename=b; filename=c\r\n"),
           std::string("Content-Disposition: form-data; name=a; filename*=b\r\n"),
           std::string("Content-Disposition: form-data; name=a; filename*=UTF-8''%4\r\n"),
           std::string("Content-Disposition: form-data; name=a; filename*=koi8-r''x\r\n"),
           std::string("Content-Disposition: form-data; name=\"a\"b\r\n"),
           name + name,
           name + "X\r\n",
           name + ": x\r\n",
           name + "X : x\r\n",
           name + "X: a\nb\r\n",
           name + "X: a\r\n folded\r\n",
           name + std::string("X: \0\r\n", 6),
       }) {
    CAPTURE(lines);
    CHECK(refused(head(lines)) == number(Reason::malformed));
  }
  CHECK(refused("--XXY\r\n" + name + "\r\n1\r\n--XX--") == number(Reason::malformed));
  CHECK(refused("--XX\n" + name + "\r\n1\r\n--XX--") == number(Reason::malformed));
  CHECK(refused("--XX\r\n" + name + "\r\n1\r\n--XX-\r\n") == number(Reason::malformed));
}

TEST_CASE("each limit has an error of its own") {
  const std::string text = part("name=a", "12345");
  const std::string file = part("name=b; filename=c", "12345");
  const std::string both = whole(text + file);
  const struct {
    const char* name;
    MultipartConfig fits, exceeded;
    Reason reason;
  } limits[] = {
      {"request",
       {.max_request_size = both.size()},
       {.max_request_size = both.size() - 1},
       Reason::request_too_large},
      {"file", {.max_file_size = 5}, {.max_file_size = 4}, Reason::file_too_large},
      {"text", {.max_post_size = 5}, {.max_post_size = 4}, Reason::text_too_large},
      {"parts", {.max_part_count = 2}, {.max_part_count = 1}, Reason::too_many_parts},
      {"parameters",
       {.max_parameter_count = 1},
       {.max_parameter_count = 0},
       Reason::too_many_parameters},
      {"header",
       {.max_part_header_size = 54},
       {.max_part_header_size = 53},
       Reason::header_too_large},
  };
  for (const auto& limit : limits) {
    CAPTURE(limit.name);
    CHECK(refused(both, limit.fits) == -1);
    CHECK(refused(both, limit.exceeded) == number(limit.reason));
    CHECK(MultipartError(limit.reason, "").status() == 413);
  }
  // All text together, each file alone.
  CHECK(refused(whole(text + text), {.max_post_size = 9}) == number(Reason::text_too_large));
  CHECK(refused(whole(file + file), {.max_file_size = 5}) == -1);
}

TEST_CASE("file names lose their folders and what does not belong into a name") {
  const struct {
    std::string sent, name;
  } cases[] = {
      {"a.txt", "a.txt"},
      {"../../etc/passwd", "passwd"},
      {"C:\\Users\\me\\a b.txt", "a b.txt"},
      {"/tmp/", ""},
      {"..", ""},
      {"a/..", ""},
      {" .htaccess. ", "htaccess"},
      {"a\r\n\tb\x7F", "ab"},
      {"J\xC3\xBCrgen.txt", "J\xC3\xBCrgen.txt"},
      {std::string(300, 'x'), std::string(255, 'x')},
      {std::string(254, 'x') + "\xC3\xBC", std::string(254, 'x')},
      {std::string(300, '\x80'), ""},
  };
  for (const auto& one : cases) {
    CAPTURE(one.sent);
    CHECK(margay::safe_file_name(one.sent) == one.name);
  }
  const auto name = [](const std::string& parameters) {
    auto form = read(whole(part("name=f; " + parameters, "x")), {.max_part_header_size = 2000});
    return form.file("f")->submitted_file_name();
  };
  CHECK(name("filename=\"a\\\"b;c=.txt\"") == "a\"b;c=.txt");
  CHECK(name("filename=\"C:\\dir\\x.txt\"") == "x.txt");
  CHECK(name("filename=plain name.txt") == "plain name.txt");
  CHECK(name("filename=old.txt; filename*=UTF-8'en'%C3%BC%2F%E2%82%AC.txt") == "\xE2\x82\xAC.txt");
  CHECK(name("filename*=iso-8859-1''%FC.txt") == "\xC3\xBC.txt");
  CHECK(name("filename*=UTF-8''..%2f..%2fa%00b") == "ab");
  auto form = read(whole(part("name=f; filename=\"../x\"", "x")));
  CHECK(form.file("f")->raw_file_name() == "../x");
}

TEST_CASE("the text of fields is UTF-8 where their character set is known") {
  auto form = read(
      whole(part("name=own\r\nContent-Type: text/plain; charset=ISO-8859-1", "\xFC") +
            part("name=other\r\nContent-Type: text/plain; charset=\"koi8-r\"", "\xFC") +
            part("name=plain", "\xC3\xBC") +
            part("name=file; filename=x\r\nContent-Type: text/plain; charset=ISO-8859-1", "\xFC")));
  CHECK(form.text("own") == "\xC3\xBC");
  CHECK(form.text("other") == "\xFC");
  CHECK(form.parts()[1].charset() == "koi8-r");
  CHECK(form.text("plain") == "\xC3\xBC");
  CHECK(form.parts()[2].charset() == "");
  CHECK(form.file("file")->content() == "\xFC");
  auto said = read(whole(part("name=a", "\xFC") + part("name=_charset_", "iso-8859-1")));
  CHECK(said.text("a") == "\xC3\xBC");
}

TEST_CASE("a file over the threshold goes to the disk, where it has no name until it is saved") {
  const Folder folder;
  const std::string content = std::string(100'000, 'x') + "end";
  const MultipartConfig config{.location = folder.path, .file_size_threshold = 10};
  auto form = read(whole(part("name=small; filename=s", "0123456789") +
                         part("name=large; filename=l", content) + part("name=text", content)),
                   config);
  CHECK(fs::is_empty(folder.path));
  CHECK(form.file("small")->is_in_memory());
  CHECK(form.text("text") == content);
  margay::Part& large = *form.file("large");
  CHECK_FALSE(large.is_in_memory());
  CHECK(large.descriptor() >= 0);
  CHECK(large.size() == content.size());
  CHECK(large.read_all() == content);
  char end[8];
  CHECK(large.read(100'000, end) == 3);
  CHECK(large.read(100'003, end) == 0);
  CHECK(large.read(200'000, end) == 0);
  for (margay::Part* one : {form.file("small"), &large}) {
    const fs::path first = folder.path / ("first-" + std::string(one->name()));
    const fs::path second = folder.path / ("second-" + std::string(one->name()));
    one->save_to(first);
    one->save_to(second);
    CHECK(content_of(first) == one->read_all());
    CHECK(content_of(second) == one->read_all());
    CHECK_FALSE(fs::equivalent(first, second));
    CHECK((fs::status(first).permissions() & fs::perms::all) ==
          (fs::perms::owner_read | fs::perms::owner_write));
    CHECK_THROWS_AS(one->save_to(first), std::system_error);
    fs::remove(first);
    std::ofstream(first) << "in the way";
    CHECK_THROWS_AS(one->save_to(first), std::system_error);
    CHECK(content_of(first) == "in the way");
    one->save_to(first, margay::SaveMode::replace);
    CHECK(content_of(first) == one->read_all());
    CHECK_THROWS_AS(one->save_to(folder.path / "none" / "x"), std::system_error);
  }
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 4);
}

TEST_CASE("a file that is linked replaces one that is there") {
  const Folder folder;
  auto form = read(whole(part("name=a; filename=b", "new")),
                   {.location = folder.path, .file_size_threshold = 0});
  std::ofstream(folder.path / "x") << "old";
  form.file("a")->save_to(folder.path / "x", margay::SaveMode::replace);
  CHECK(content_of(folder.path / "x") == "new");
  form = {};
  CHECK(content_of(folder.path / "x") == "new");
  CHECK(std::distance(fs::directory_iterator(folder.path), fs::directory_iterator()) == 1);
}

TEST_CASE("a folder that takes no files is an error of the disk, not of the client") {
  CHECK_THROWS_AS(read(whole(part("name=a; filename=b", "x")),
                       {.location = "/nowhere", .file_size_threshold = 0}),
                  std::system_error);
}
