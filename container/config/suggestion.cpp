// Edit distance with transpositions, as typing errors go.
#include "container/config/suggestion.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "server/ascii.h"

namespace container {
namespace {

constexpr std::size_t max_word = 40;

using server::lower;

// Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. Both at most
// max_word long.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  using Row = std::array<std::size_t, max_word + 1>;
  Row before{};
  Row above{};
  Row row{};
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0u : 1u)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
          lower(a[i - 2]) == lower(b[j - 1])) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

bool begins_with(std::string_view word, std::string_view beginning) {
  return word.size() >= beginning.size() &&
         std::equal(beginning.begin(), beginning.end(), word.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

std::string_view nearest(std::string_view word, std::span<const std::string_view> legal) {
  if (word.empty() || word.size() > max_word) return {};
  // A third of the letters may be wrong, but never all of a short word.
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string_view found;
  for (const std::string_view candidate : legal) {
    if (candidate.size() > max_word) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best && distance < candidate.size()) {
      best = distance;
      found = candidate;
    }
  }
  if (!found.empty() || word.size() < 4) return found;
  const auto longer = std::find_if(legal.begin(), legal.end(), [&](std::string_view candidate) {
    return candidate.size() > word.size() && begins_with(candidate, word);
  });
  return longer == legal.end() ? std::string_view() : *longer;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> legal) {
  const std::string_view found = nearest(word, legal);
  return found.empty() ? std::string() : "; did you mean '" + std::string(found) + "'?";
}

}  // namespace container
