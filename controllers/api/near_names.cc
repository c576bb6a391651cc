// "Did you mean": names are near when a person could have meant one and typed the other.
//
//   nearness  relation of the lower-cased texts            meant             typed
//   0         equal in letters and digits                  minimax-m3        MiniMax_M3
//   2         equal but for what is before the last "/"    nvidia/M3-NVFP4   M3-NVFP4
//   distance  at most a third of the typed name's length   m3-nvfp4          m3-nvpf4
//   3         one begins with the other                    minimax-m3        minimax-m3-typo
//   4         the same, of what is behind the last "/"     nvidia/M3-NVFP4   M3-NVFP4-typo
//
// The smallest counts. Ties: the smaller difference in length, then byte order. Beside a 0 nothing
// else is near.

#include "controllers/api/near_names.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <tuple>

#include "controllers/api/resolution.h"

namespace disagg::api {
namespace {

constexpr std::size_t kMostNames = 3;
constexpr std::size_t kShortestPrefix = 3;
constexpr int kOnlyPunctuationDiffers = 0;
constexpr int kOnlyOwnerDiffers = 2;
constexpr int kPrefix = 3;
constexpr int kPrefixBehindOwner = 4;

std::string Lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string LettersAndDigits(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isalnum(c) == 0; });
  return text;
}

std::string_view BaseName(std::string_view text) {
  return text.substr(text.rfind('/') + 1);  // npos + 1 is 0
}

int LengthDifference(std::string_view a, std::string_view b) {
  return std::abs(static_cast<int>(a.size()) - static_cast<int>(b.size()));
}

bool OneBeginsWithTheOther(std::string_view a, std::string_view b) {
  return std::min(a.size(), b.size()) >= kShortestPrefix && (a.starts_with(b) || b.starts_with(a));
}

// Both lower-cased. Nothing when they are not near.
std::optional<int> Nearness(const std::string& wrong, const std::string& name) {
  if (LettersAndDigits(wrong) == LettersAndDigits(name)) return kOnlyPunctuationDiffers;
  std::optional<int> nearness;
  const auto offer = [&](int value) { nearness = std::min(nearness.value_or(value), value); };
  const std::string_view wrong_base = BaseName(wrong), base = BaseName(name);
  if (wrong_base == base) offer(kOnlyOwnerDiffers);
  if (OneBeginsWithTheOther(wrong, name)) offer(kPrefix);
  if (OneBeginsWithTheOther(wrong_base, base)) offer(kPrefixBehindOwner);
  const int limit = std::max(1, static_cast<int>(wrong.size()) / 3);
  if (LengthDifference(wrong, name) <= limit) {
    const int distance = EditDistance(wrong, name);
    if (distance <= limit) offer(distance);
  }
  return nearness;
}

}  // namespace

int EditDistance(std::string_view a, std::string_view b) {
  std::vector<int> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = static_cast<int>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replace = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replace, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::vector<std::string> AllNearNames(const std::string& wrong,
                                      const std::vector<std::string>& known) {
  if (wrong.empty()) return {};
  std::vector<std::tuple<int, int, std::string>> ranked;
  const std::string lower = Lower(wrong);
  for (const std::string& name : known) {
    if (const auto nearness = Nearness(lower, Lower(name))) {
      ranked.emplace_back(*nearness, LengthDifference(wrong, name), name);
    }
  }
  std::sort(ranked.begin(), ranked.end());
  ranked.erase(std::unique(ranked.begin(), ranked.end()), ranked.end());
  std::vector<std::string> names;
  for (const auto& [nearness, difference, name] : ranked) {
    const bool sure = std::get<0>(ranked.front()) == kOnlyPunctuationDiffers;
    if (sure && nearness != kOnlyPunctuationDiffers) break;
    names.push_back(name);
  }
  return names;
}

std::vector<std::string> NearNames(const std::string& wrong,
                                   const std::vector<std::string>& known) {
  std::vector<std::string> names = AllNearNames(wrong, known);
  if (names.size() > kMostNames) names.resize(kMostNames);
  return names;
}

}  // namespace disagg::api
