#pragma once

// Whole numbers out of text. Pure.

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace base {

// Nothing unless all of `text` is a decimal number that an Integer holds.
template <typename Integer>
std::optional<Integer> ParseNumber(std::string_view text) {
  Integer number{};
  const char* const end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  return error == std::errc() && last == end ? std::optional(number) : std::nullopt;
}

}  // namespace base
