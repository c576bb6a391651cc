#include "controllers/api/exact_number.h"

#include <cmath>
#include <cstdint>
#include <string>

#include <nlohmann/json.hpp>

namespace disagg::api {
namespace {

constexpr std::int64_t kLargest = std::int64_t{1} << 53;
// Any decimal of so many digits survives the way into a double and back.
constexpr std::size_t kMostDigits = 15;

// Of the shortest text that is read as the same double: 0.125 has three, 1e-7 one.
std::size_t SignificantDigits(const std::string& text) {
  std::string digits;
  for (const char c : text.substr(0, text.find('e'))) {
    if (c >= '0' && c <= '9' && !(digits.empty() && c == '0')) digits += c;
  }
  return digits.find_last_not_of('0') + 1;  // npos + 1 is 0
}

}  // namespace

bool IsExact(const nlohmann::json& number) {
  if (number.is_number_unsigned()) return number.get<std::uint64_t>() <= std::uint64_t{kLargest};
  if (number.is_number_integer()) {
    const auto value = number.get<std::int64_t>();
    return -kLargest <= value && value <= kLargest;
  }
  const double value = number.get<double>();
  if (std::fabs(value) > static_cast<double>(kLargest)) return false;
  return std::floor(value) == value || SignificantDigits(number.dump()) <= kMostDigits;
}

}  // namespace disagg::api
