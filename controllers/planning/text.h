#pragma once

// Texts for people: bounded, and whole characters at the end.

#include <string>

namespace disagg::planning {

// One line without control characters and without the marks that turn the direction of text: what
// others wrote into a status goes to terminals and event lists.
std::string Printable(const std::string& text);

// At most `bytes` of UTF-8, cut between characters: half a character is no JSON.
std::string Shorten(const std::string& text, std::size_t bytes);

// The last line that says something, at most 200 bytes: where a stack trace names its cause.
std::string LastLine(std::string text);

}  // namespace disagg::planning
