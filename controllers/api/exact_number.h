#pragma once

// Which numbers arrive as they were written. Pure.
//
// JSON has one kind of number; programs on its way (the API server, kubectl, jq) hold it as a
// 64-bit integer or as a double, and write 18446744073709551615 as 18446744073709552000.

#include <nlohmann/json_fwd.hpp>

namespace disagg::api {

// True for a number that a double holds exactly: whole up to 2^53, or of at most 15 digits.
bool IsExact(const nlohmann::json& number);

}  // namespace disagg::api
