#pragma once

// JSON patches (RFC 6902) that stay small where lists have grown or shrunk: what two lists have in
// common at their beginnings and ends is not named, so an item put in front of others is one
// operation. (nlohmann::json::diff compares lists index by index: such an item changes all that
// follow.) Pure.

#include <nlohmann/json.hpp>

namespace disagg::render {

// Turns `from` into `to`: from.patch(DiffJson(from, to)) == to.
nlohmann::json DiffJson(const nlohmann::json& from, const nlohmann::json& to);

}  // namespace disagg::render
