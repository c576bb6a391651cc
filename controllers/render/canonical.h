#pragma once

// The one text form of a JSON value, and the hashes over it. Pure.

#include <string>

#include <nlohmann/json.hpp>

namespace disagg::render {

// UTF-8 without blanks, keys in byte order, integers decimal. Never throws: bytes that are not
// UTF-8 (the API server lets none in) become U+FFFD.
std::string Canonical(const nlohmann::json& value);

// 8 characters; see base::ShortHash.
std::string ShortHashOf(const nlohmann::json& value);

// 16 hex digits of base::Hash64.
std::string LongHashOf(const nlohmann::json& value);

}  // namespace disagg::render
