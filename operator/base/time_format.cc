#include <charconv>
#include <cstdio>

#include "operator/base/clock.h"

namespace base {
namespace {

namespace chrono = std::chrono;

// Reads exactly `width` digits at `pos`; -1 when there are others.
int Digits(const std::string& text, std::size_t pos, std::size_t width) {
  if (pos + width > text.size()) return -1;
  int value = 0;
  auto [end, error] = std::from_chars(text.data() + pos, text.data() + pos + width, value);
  return error == std::errc() && end == text.data() + pos + width ? value : -1;
}

}  // namespace

std::string FormatTime(std::int64_t unix_seconds) {
  const chrono::sys_seconds time{chrono::seconds{unix_seconds}};
  const chrono::sys_days day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss clock{time - day};
  char text[40];
  std::snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text;
}

std::int64_t ParseTime(const std::string& text) {
  const int year_number = Digits(text, 0, 4), month_number = Digits(text, 5, 2);
  const int day_number = Digits(text, 8, 2), hour = Digits(text, 11, 2);
  const int minute = Digits(text, 14, 2), second = Digits(text, 17, 2);
  if (year_number < 0 || month_number < 0 || day_number < 0 || hour < 0 || minute < 0 ||
      second < 0) {
    return -1;
  }
  const chrono::year_month_day date{chrono::year{year_number},
                                    chrono::month{static_cast<unsigned>(month_number)},
                                    chrono::day{static_cast<unsigned>(day_number)}};
  if (!date.ok() || text[10] != 'T') return -1;
  std::int64_t seconds_since =
      chrono::duration_cast<chrono::seconds>(chrono::sys_days{date}.time_since_epoch()).count() +
      std::int64_t{hour} * 3600 + std::int64_t{minute} * 60 + second;
  std::size_t zone = 19;
  if (zone < text.size() && text[zone] == '.') {
    zone = text.find_first_not_of("0123456789", zone + 1);
  }
  if (zone >= text.size()) return -1;
  if (text[zone] == 'Z') return seconds_since;
  const int offset_hours = Digits(text, zone + 1, 2), offset_minutes = Digits(text, zone + 4, 2);
  if (offset_hours < 0 || offset_minutes < 0) return -1;
  const int offset = offset_hours * 3600 + offset_minutes * 60;
  return text[zone] == '-' ? seconds_since + offset : seconds_since - offset;
}

}  // namespace base
