#include "operator/runtime/server_clock.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "operator/base/parse_number.h"

namespace runtime {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

// An answer that took longer says too little.
constexpr std::chrono::seconds kLongestRoundTrip{5};
constexpr int kMostContradictions = 3;

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::int64_t Millis(base::SteadyTime time) {
  return duration_cast<milliseconds>(time.time_since_epoch()).count();
}

// -1 for anything else than a number.
int Number(std::string_view text) { return base::ParseNumber<int>(text).value_or(-1); }

}  // namespace

void ServerClock::Observe(const transport::Headers& headers, base::SteadyTime sent) {
  const base::SteadyTime received = local_.Steady();
  if (received - sent > kLongestRoundTrip) return;
  if (transport::FindHeader(headers, "Audit-Id").empty()) return;
  const auto date = ParseHttpDate(transport::FindHeader(headers, "Date"));
  if (!date) return;
  const Interval seen{*date * 1000 - Millis(received), (*date + 1) * 1000 - Millis(sent)};
  base::MutexLock lock(mutex_);
  const auto narrowed = offset_ ? Both(*offset_, seen) : seen;
  if (narrowed) {
    offset_ = narrowed;
    contradictions_ = 0;
    return;
  }
  const auto agreed = contradictions_ > 0 ? Both(*contrary_, seen) : std::nullopt;
  contrary_ = agreed.value_or(seen);
  contradictions_ = agreed ? contradictions_ + 1 : 1;
  if (contradictions_ < kMostContradictions) return;
  offset_ = contrary_;
  contradictions_ = 0;
}

base::SystemTime ServerClock::Now() const {
  base::MutexLock lock(mutex_);
  if (!offset_) return local_.Now();
  return base::SystemTime(
      milliseconds(Millis(local_.Steady()) + (offset_->least + offset_->most) / 2));
}

std::optional<ServerClock::Interval> ServerClock::Both(const Interval& a, const Interval& b) {
  const Interval both{std::max(a.least, b.least), std::min(a.most, b.most)};
  return both.least <= both.most ? std::optional(both) : std::nullopt;
}

std::optional<std::int64_t> ParseHttpDate(std::string_view text) {
  // 0         1         2
  // 01234567890123456789012345678
  // Sun, 06 Nov 1994 08:49:37 GMT
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const int day = Number(text.substr(5, 2)), year = Number(text.substr(12, 4));
  const int hour = Number(text.substr(17, 2)), minute = Number(text.substr(20, 2));
  const int second = Number(text.substr(23, 2));
  if (month == kMonths.end() || hour < 0 || minute < 0 || second < 0) return std::nullopt;
  const std::chrono::year_month_day date(
      std::chrono::year(year),
      std::chrono::month(static_cast<unsigned>(month - kMonths.begin()) + 1),
      std::chrono::day(static_cast<unsigned>(day)));
  if (year < 0 || day < 0 || !date.ok()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
  return ((days * 24 + hour) * 60 + minute) * 60 + second;
}

}  // namespace runtime
