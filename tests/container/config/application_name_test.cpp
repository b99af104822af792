// Folder names to context paths.
#include "container/config/application_name.h"

#include <doctest/doctest.h>

namespace container {

TEST_CASE("a folder's name says path and version") {
  struct Row {
    const char *folder, *path, *version;
  };
  for (const Row& row : {Row{"ROOT", "", ""}, Row{"hello", "/hello", ""}, Row{"a#b", "/a/b", ""},
                         Row{"a##2", "/a", "2"}, Row{"a#b##1.0#x", "/a/b", "1.0#x"},
                         Row{"ROOT##7", "", "7"}, Row{"##7", "", "7"}, Row{"root", "/root", ""},
                         Row{"ROOTS", "/ROOTS", ""}, Row{"ROOT#a", "/a", ""}}) {
    CAPTURE(row.folder);
    const ApplicationName name = parse_application_name(row.folder);
    CHECK(name.path == row.path);
    CHECK(name.version == row.version);
  }
}

TEST_CASE("a context path says the folder's name") {
  CHECK(folder_name("") == "ROOT");
  CHECK(folder_name("/hello") == "hello");
  CHECK(folder_name("/a/b/c") == "a#b#c");
}

}  // namespace container
