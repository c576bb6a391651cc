#include "operator/cmd/kubectl-disagg/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace kubectl_disagg {
namespace {

using nlohmann::json;

bool IsOneOf(const std::string& word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

template <typename T>
std::optional<json> Whole(std::string_view digits, int base) {
  T value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return json(value);
}

// A sign, a prefix for the base, digits.
std::optional<json> Integer(const std::string& word) {
  std::string_view digits = word;
  const bool negative = digits.starts_with('-');
  if (negative || digits.starts_with('+')) digits.remove_prefix(1);
  int base = 10;
  if (digits.starts_with("0x") || digits.starts_with("0X")) {
    base = 16;
  } else if (digits.starts_with("0b") || digits.starts_with("0B")) {
    base = 2;
  } else if (digits.starts_with("0o") || digits.starts_with("0O")) {
    base = 8;
  }
  if (base != 10) {
    digits.remove_prefix(2);
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
  }
  if (digits.empty() || digits[0] == '-') return std::nullopt;
  const std::string signed_digits = (negative ? "-" : "") + std::string(digits);
  if (auto value = Whole<std::int64_t>(signed_digits, base)) return value;
  return Whole<std::uint64_t>(signed_digits, base);
}

// Decimal only: neither inf and nan nor hexadecimal, which the library would read as well.
std::optional<json> Float(const std::string& word) {
  std::string_view digits = word;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const bool decimal = digits.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (!decimal || error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (digits.size() < word.size() && digits.starts_with('-')) return std::nullopt;
  return json(value);
}

}  // namespace

json ResolvePlainScalar(const std::string& word) {
  if (IsOneOf(word, {"", "~", "null", "Null", "NULL"})) return nullptr;
  if (IsOneOf(word, {"true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON"})) {
    return true;
  }
  if (IsOneOf(word, {"false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF"})) {
    return false;
  }
  if (std::string_view("+-.0123456789").find(word[0]) == std::string_view::npos) return word;
  std::string plain = word;
  if (word[0] != '.') std::erase(plain, '_');
  if (auto integer = Integer(plain)) return *std::move(integer);
  if (auto number = Float(plain)) return *std::move(number);
  return word;
}

}  // namespace kubectl_disagg
