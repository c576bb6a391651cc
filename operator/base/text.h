#pragma once

// Texts for people, in UTF-8: bounded, printable, cut between characters. Pure.

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

// The beginning of `text`, at most `bytes` long: half a character is no JSON. Valid as long as
// `text` is.
std::string_view CutUtf8(std::string_view text, std::size_t bytes);

// Without control characters and without the marks that turn the direction of text, each replaced
// by a space: what others wrote goes to terminals and event lists.
std::string Printable(std::string_view text);

// The last line that says something, at most 200 bytes: where a stack trace names its cause.
std::string LastLine(const std::string& text);

}  // namespace base
