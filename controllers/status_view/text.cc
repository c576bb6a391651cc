#include "controllers/status_view/text.h"

#include <algorithm>
#include <utility>

namespace disagg::status_view {
namespace {

constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;

struct Unit {
  std::int64_t seconds;
  char letter;
};

// "3d2h", and "3d" when nothing is left over.
std::string TwoUnits(std::int64_t seconds, Unit large, Unit small) {
  std::string text = std::to_string(seconds / large.seconds) + large.letter;
  const std::int64_t rest = seconds % large.seconds / small.seconds;
  if (rest > 0) text += std::to_string(rest) + small.letter;
  return text;
}

}  // namespace

std::string Age(std::int64_t seconds) {
  constexpr Unit kSeconds{1, 's'}, kMinutes{kMinute, 'm'}, kHours{kHour, 'h'}, kDays{kDay, 'd'};
  seconds = std::max<std::int64_t>(0, seconds);
  if (seconds < 2 * kMinute) return std::to_string(seconds) + "s";
  if (seconds < 10 * kMinute) return TwoUnits(seconds, kMinutes, kSeconds);
  if (seconds < 3 * kHour) return std::to_string(seconds / kMinute) + "m";
  if (seconds < 8 * kHour) return TwoUnits(seconds, kHours, kMinutes);
  if (seconds < 2 * kDay) return std::to_string(seconds / kHour) + "h";
  if (seconds < 8 * kDay) return TwoUnits(seconds, kDays, kHours);
  return std::to_string(seconds / kDay) + "d";
}

std::string Count(int count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

std::string Layout(const api::Parallelism& parallelism) {
  const bool experts = parallelism.expert > 1;
  const bool both = parallelism.data > 1 && parallelism.tensor > 1;
  std::string text;
  const auto add = [&](const char* name, int width) {
    if (width > 1) text += (text.empty() ? "" : "x") + std::string(name) + std::to_string(width);
  };
  add(experts && !both ? "DEP" : "DP", parallelism.data);
  add(experts && !both ? "TEP" : "TP", parallelism.tensor);
  if (both) add("EP", parallelism.expert);
  add("PP", parallelism.pipeline);
  add("CP", parallelism.context);
  add("DCP", parallelism.decode_context);
  return text.empty() ? "TP1" : text;
}

}  // namespace disagg::status_view
