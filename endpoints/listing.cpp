// A page that shows what is in a folder.
#include "endpoints/listing.h"

#include <dirent.h>
#include <fcntl.h>
#include <margay/form.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

namespace endpoints {

namespace {

enum class Column { name, size, time };

struct Order {
  Column column = Column::name;
  bool descending = false;
};

Order parse_order(std::string_view query) {
  Order order;
  margay::detail::each_pair(query, [&](std::string_view name, std::string_view value) {
    if (name == "sort" && value == "size") order.column = Column::size;
    if (name == "sort" && value == "time") order.column = Column::time;
    if (name == "order" && value == "desc") order.descending = true;
    return true;
  });
  return order;
}

bool stands_before(const ListedFile& one, const ListedFile& other, Order order) {
  if (one.is_folder != other.is_folder) return one.is_folder;
  const ListedFile& first = order.descending ? other : one;
  const ListedFile& second = order.descending ? one : other;
  if (order.column == Column::size && first.size != second.size) return first.size < second.size;
  if (order.column == Column::time && first.modified != second.modified)
    return first.modified < second.modified;
  return first.name < second.name;
}

std::string as_html(std::string_view text) {
  std::string html;
  for (const char c : text) {
    switch (c) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += c;
    }
  }
  return html;
}

// "1.4 MB": three digits at most.
std::string readable(std::uint64_t size) {
  constexpr std::array<const char*, 6> kUnits{"B", "KB", "MB", "GB", "TB", "PB"};
  auto value = static_cast<double>(size);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit != 0 && value < 10 ? "%.1f %s" : "%.0f %s", value,
                kUnits[unit]);
  return text;
}

std::string readable_time(std::time_t moment) {
  std::tm parts{};
  ::gmtime_r(&moment, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M", &parts)};
}

// The head of a column: a click sorts by it, another one the other way round.
std::string column_head(const char* title, const char* name, Column column, Order order) {
  const bool current = order.column == column;
  const bool turns = current && !order.descending;
  return std::string("<th><a href=\"?sort=") + name + (turns ? "&amp;order=desc" : "") + "\">" +
         title + "</a>" +
         (!current           ? ""
          : order.descending ? " &#9660;"
                             : " &#9650;") +
         "</th>";
}

void add_row(std::string& page, const ListedFile& file) {
  const std::string slash = file.is_folder ? "/" : "";
  page += "<tr><td><a href=\"./" + as_html(margay::detail::path_encode(file.name)) + slash + "\">" +
          as_html(file.name) + slash + "</a></td><td>" +
          (file.is_folder ? std::string() : readable(file.size)) + "</td><td>" +
          readable_time(file.modified) + "</td></tr>\n";
}

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;"
    "margin:2rem auto;padding:0 1rem}h1{font-size:1.3rem;overflow-wrap:anywhere}"
    "table{width:100%;border-collapse:collapse}th,td{text-align:right;padding:.3rem .5rem;"
    "white-space:nowrap}th:first-child,td:first-child{text-align:left;white-space:normal;"
    "overflow-wrap:anywhere;width:100%}tr+tr{border-top:1px solid #8884}"
    "a{color:inherit;text-decoration:none}td a:hover{text-decoration:underline}";

}  // namespace

Listing read_folder(int descriptor, bool follows_links) {
  Listing listing;
  DIR* const folder = ::fdopendir(descriptor);
  if (folder == nullptr) {
    ::close(descriptor);
    return listing;
  }
  while (const dirent* const entry = ::readdir(folder)) {
    struct stat about {};
    if (entry->d_name[0] == '.' ||
        ::fstatat(descriptor, entry->d_name, &about, follows_links ? 0 : AT_SYMLINK_NOFOLLOW) !=
            0 ||
        !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)))
      continue;
    if (listing.files.size() == kMostListed) {
      listing.is_cut = true;
      break;
    }
    listing.files.push_back({entry->d_name, S_ISDIR(about.st_mode) != 0,
                             static_cast<std::uint64_t>(about.st_size), about.st_mtim.tv_sec});
  }
  ::closedir(folder);
  return listing;
}

std::string listing_page(Listing listing, std::string_view path, std::string_view query,
                         bool at_top) {
  const Order order = parse_order(query);
  std::sort(listing.files.begin(), listing.files.end(),
            [&](const ListedFile& one, const ListedFile& other) {
              return stands_before(one, other, order);
            });
  const std::string title = as_html(path);
  std::string page =
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
      "name=\"viewport\" content=\"width=device-width\"><title>" +
      title + "</title><style>";
  page.append(kStyle)
      .append("</style></head><body><h1>")
      .append(title)
      .append("</h1>\n<table>\n<tr>");
  page += column_head("Name", "name", Column::name, order) +
          column_head("Size", "size", Column::size, order) +
          column_head("Changed (UTC)", "time", Column::time, order) + "</tr>\n";
  if (!at_top) page += "<tr><td><a href=\"../\">../</a></td><td></td><td></td></tr>\n";
  for (const ListedFile& file : listing.files) add_row(page, file);
  page += "</table>\n";
  if (listing.is_cut) page += "<p>There are more than can be shown.</p>\n";
  return page + "</body></html>\n";
}

}  // namespace endpoints
