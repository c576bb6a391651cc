#include "operator/base/quantity.h"

#include <array>
#include <cstdlib>
#include <limits>

#include "operator/base/parse_number.h"

namespace base {
namespace {

__extension__ using Wide = __int128;

struct Suffix {
  std::string_view text;
  Wide thousandths;
  bool binary;
};

constexpr Wide kThousand = 1000;
constexpr Wide kBinary = 1024;
constexpr Wide kLargest = static_cast<Wide>(std::numeric_limits<long long>::max()) * kThousand;
constexpr int kLongestExponent = 64;
constexpr Wide kWidest = (static_cast<Wide>(1) << 126) - 1;

// Largest first within each family, as ToString needs it.
constexpr std::array<Suffix, 14> kSuffixes{{
    {"Ei", kThousand* kBinary* kBinary* kBinary* kBinary* kBinary* kBinary, true},
    {"Pi", kThousand* kBinary* kBinary* kBinary* kBinary* kBinary, true},
    {"Ti", kThousand* kBinary* kBinary* kBinary* kBinary, true},
    {"Gi", kThousand* kBinary* kBinary* kBinary, true},
    {"Mi", kThousand* kBinary* kBinary, true},
    {"Ki", kThousand* kBinary, true},
    {"E", kThousand * 1000000000000000000ll, false},
    {"P", kThousand * 1000000000000000ll, false},
    {"T", kThousand * 1000000000000ll, false},
    {"G", kThousand * 1000000000ll, false},
    {"M", kThousand * 1000000ll, false},
    {"k", kThousand * 1000ll, false},
    {"", kThousand, false},
    {"m", 1, false},
}};

std::string Digits(Wide value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string text;
  for (Wide rest = negative ? -value : value; rest > 0; rest /= 10) {
    text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
  }
  return negative ? "-" + text : text;
}

// The exponent of "e3", "E3", "e-3"; nothing for another suffix. "E" alone is the suffix of 10^18.
std::optional<int> ParseExponent(std::string_view text) {
  if (text.size() < 2 || (text[0] != 'e' && text[0] != 'E')) return std::nullopt;
  text.remove_prefix(1);
  if (text[0] == '+') {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  const auto exponent = ParseNumber<int>(text);
  // No quantity needs more, and the loops over it stay short.
  return exponent && std::abs(*exponent) <= kLongestExponent ? exponent : std::nullopt;
}

// What stands behind the digits.
struct Unit {
  Wide thousandths = kThousand;
  int exponent = 0;
  bool binary = false;
};

std::optional<Unit> ParseSuffix(std::string_view text) {
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text == text) return Unit{suffix.thousandths, 0, suffix.binary};
  }
  if (const auto exponent = ParseExponent(text)) return Unit{kThousand, *exponent, false};
  return std::nullopt;
}

// digits * unit * 10^power in thousandths, as `unit` is; nothing where that is no whole number of
// them or beyond the largest quantity.
std::optional<Wide> Scaled(Wide digits, Wide unit, int power) {
  for (; power < 0 && digits != 0 && digits % 10 == 0; ++power) digits /= 10;
  for (; power < 0 && unit % 10 == 0; ++power) unit /= 10;
  if (digits == 0) return 0;
  // What is left of a negative power is a true fraction unless the other factors of 2 and 5 meet,
  // as in 0.5Gi.
  if (digits > kWidest / unit) return std::nullopt;
  Wide value = digits * unit;
  for (; power < 0; ++power, value /= 10) {
    if (value % 10 != 0) return std::nullopt;
  }
  for (; power > 0; --power, value *= 10) {
    if (value > kLargest) return std::nullopt;
  }
  return value > kLargest ? std::nullopt : std::optional(value);
}

// value * 10^digits of "12.5": {125, 1}. Nothing when there is no digit or there are too many.
struct Decimal {
  Wide digits = 0;
  int scale = 0;
};

std::optional<Decimal> ParseDecimal(std::string_view text) {
  Decimal decimal;
  bool any = false, point = false;
  for (const char c : text) {
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      any = true;
      decimal.digits = decimal.digits * 10 + (c - '0');
      decimal.scale += point ? 1 : 0;
      if (decimal.digits > static_cast<Wide>(std::numeric_limits<long long>::max())) {
        return std::nullopt;
      }
    } else {
      return std::nullopt;
    }
  }
  return any ? std::optional(decimal) : std::nullopt;
}

}  // namespace

Quantity Quantity::OfInteger(long long value) {
  Quantity quantity;
  quantity.thousandths_ = static_cast<Wide>(value) * kThousand;
  return quantity;
}

std::optional<Quantity> Quantity::Parse(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const std::size_t end = text.find_first_not_of("0123456789.");
  const std::string_view suffix = end == std::string_view::npos ? "" : text.substr(end);
  const auto decimal = ParseDecimal(text.substr(0, end));
  const auto unit = ParseSuffix(suffix);
  if (!decimal || !unit) return std::nullopt;
  const auto value = Scaled(decimal->digits, unit->thousandths, unit->exponent - decimal->scale);
  if (!value) return std::nullopt;
  Quantity quantity;
  quantity.thousandths_ = negative ? -*value : *value;
  quantity.binary_ = unit->binary;
  return quantity;
}

Quantity Quantity::Times(int factor) const {
  Quantity product = *this;
  product.thousandths_ *= factor;
  return product;
}

Quantity Quantity::Plus(const Quantity& other) const {
  Quantity sum = *this;
  sum.thousandths_ += other.thousandths_;
  sum.binary_ = binary_ || other.binary_;
  return sum;
}

std::string Quantity::ToString() const {
  if (thousandths_ == 0) return "0";
  for (const Suffix& suffix : kSuffixes) {
    const bool of_family = suffix.binary == binary_ || suffix.text.empty() || suffix.text == "m";
    if (of_family && thousandths_ % suffix.thousandths == 0) {
      return Digits(thousandths_ / suffix.thousandths) + std::string(suffix.text);
    }
  }
  return "0";
}

long long Quantity::Ceil() const {
  const Wide up = thousandths_ > 0 ? thousandths_ + kThousand - 1 : thousandths_;
  return static_cast<long long>(up / kThousand);
}

}  // namespace base
