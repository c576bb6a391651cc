#pragma once

// Texts for people: bounded, and whole characters at the end.

#include <string>

namespace disagg::planning {

// At most `bytes` of UTF-8, cut between characters: half a character is no JSON.
std::string Shorten(const std::string& text, std::size_t bytes);

}  // namespace disagg::planning
