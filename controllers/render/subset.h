#pragma once

// Decides whether an applied object has to be applied again. Pure.

#include <nlohmann/json.hpp>

namespace disagg::render {

// True when `observed` holds everything that `desired` says:
//   objects   every key of `desired`; what others added does not matter
//   lists     of a known merge key (ports by number and protocol, owners by UID): every element, in
//             any order; all others: as many elements, each a subset of its counterpart
//   nothing   false, 0, "" and empty lists and objects equal an absent field: the API server does
//             not store them
// apiVersion and kind of the object itself are not compared: items of a list have none.
// What is wanted no more cannot be seen here; the annotation `disagg.dev/applied` tells that.
bool IsSubset(const nlohmann::json& desired, const nlohmann::json& observed);

}  // namespace disagg::render
