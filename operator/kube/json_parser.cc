#include "operator/kube/json_parser.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace kube {
namespace {

constexpr char kReplacement[] = "\\ufffd";
constexpr char kLargest[] = "1.7976931348623157e308";

bool IsOfNumber(char c) {
  return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

template <typename Number>
std::errc ReadNumber(std::string_view text) {
  Number number{};
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  return last == end ? error : std::errc::invalid_argument;
}

std::string RepairNumber(std::string_view text) {
  const bool integer = text.find_first_of(".eE") == text.npos;
  const bool fits = ReadNumber<std::int64_t>(text) != std::errc::result_out_of_range ||
                    ReadNumber<std::uint64_t>(text) == std::errc();
  if (integer && fits) return std::string(text);
  std::string number = std::string(text) + (integer ? ".0" : "");
  if (ReadNumber<double>(number) != std::errc::result_out_of_range) return number;
  const bool tiny = number.find("e-") != number.npos || number.find("E-") != number.npos;
  return std::string(number.starts_with('-') ? "-" : "") + (tiny ? "0.0" : kLargest);
}

// The four digits of \uXXXX at `at`; -1 where there are none.
int CodeUnit(std::string_view text, std::size_t at) {
  if (text.substr(at, 2) != "\\u" || text.size() < at + 6) return -1;
  int unit = -1;
  const char* const digits = text.data() + at + 2;
  const auto [last, error] = std::from_chars(digits, digits + 4, unit, 16);
  return error == std::errc() && last == digits + 4 ? unit : -1;
}

bool IsHigh(int unit) { return unit >= 0xD800 && unit < 0xDC00; }
bool IsLow(int unit) { return unit >= 0xDC00 && unit < 0xE000; }

// Of a string's content, from its quote to its quote. Returns what is to be written for the escape
// at `at`, and its length.
std::pair<std::string, std::size_t> RepairEscape(std::string_view text, std::size_t at) {
  const int unit = CodeUnit(text, at);
  if (unit < 0) return {std::string(text.substr(at, 2)), 2};
  if (IsHigh(unit) && IsLow(CodeUnit(text, at + 6))) return {std::string(text.substr(at, 12)), 12};
  if (IsHigh(unit) || IsLow(unit)) return {kReplacement, 6};
  return {std::string(text.substr(at, 6)), 6};
}

std::string RepairText(std::string_view text) {
  const bool utf8 = simdjson::validate_utf8(text.data(), text.size());
  std::string repaired;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\\') {
      const auto [escape, length] = RepairEscape(text, at);
      repaired += escape;
      at += length;
    } else {
      const bool ascii = static_cast<unsigned char>(text[at]) < 0x80;
      repaired += ascii || utf8 ? std::string(1, text[at]) : kReplacement;
      ++at;
    }
  }
  return repaired;
}

// Where the string that begins at `at` ends: after its closing quote.
std::size_t EndOfString(std::string_view json, std::size_t at) {
  for (++at; at < json.size() && json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return std::min(at + 1, json.size());
}

std::string Why(simdjson::error_code error) {
  if (error == simdjson::DEPTH_ERROR) {
    return "it is nested deeper than " + std::to_string(JsonParser::kMaxDepth) + " levels";
  }
  return simdjson::error_message(error);
}

}  // namespace

std::string RepairJson(std::string_view json) {
  std::string repaired;
  repaired.reserve(json.size() + 64);
  for (std::size_t at = 0; at < json.size();) {
    std::size_t end = at + 1;
    if (json[at] == '"') {
      end = EndOfString(json, at);
      repaired += RepairText(json.substr(at, end - at));
    } else if (IsOfNumber(json[at]) && json[at] != 'e' && json[at] != 'E') {
      end = static_cast<std::size_t>(std::find_if_not(json.begin() + at, json.end(), IsOfNumber) -
                                     json.begin());
      repaired += RepairNumber(json.substr(at, end - at));
    } else {
      repaired += json[at];
    }
    at = end;
  }
  return repaired;
}

base::Result<Json> JsonParser::Parse(std::string_view text) {
  Json root;
  simdjson::error_code error = parser_.parse(text.data(), text.size()).get(root);
  if (error != simdjson::SUCCESS && error != simdjson::DEPTH_ERROR) {
    error = parser_.parse(RepairJson(text)).get(root);
  }
  if (error == simdjson::SUCCESS) return root;
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidJson", Why(error));
}

}  // namespace kube
