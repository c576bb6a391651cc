#include "operator/base/quantity.h"

#include <array>
#include <limits>

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
  const std::string_view suffix_text = end == std::string_view::npos ? "" : text.substr(end);
  const auto decimal = ParseDecimal(text.substr(0, end));
  if (!decimal) return std::nullopt;
  for (const Suffix& suffix : kSuffixes) {
    if (suffix.text != suffix_text) continue;
    Wide value = decimal->digits * suffix.thousandths;
    for (int i = 0; i < decimal->scale; ++i) {
      if (value % 10 != 0) return std::nullopt;
      value /= 10;
    }
    if (value > static_cast<Wide>(std::numeric_limits<long long>::max()) * kThousand) {
      return std::nullopt;
    }
    Quantity quantity;
    quantity.thousandths_ = negative ? -value : value;
    quantity.binary_ = suffix.binary;
    return quantity;
  }
  return std::nullopt;
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
