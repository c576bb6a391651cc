#pragma once

// Which labels and annotations of a deployment its pods inherit, and which keys are the operator's.
// Internal to api. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace disagg::api {

// An entry is a key, or the beginning of keys with a "*" behind it. Never what WhyNotInherited
// refuses.
bool IsInherited(const std::vector<std::string>& entries, std::string_view key);

// Why no entry may match `key`; empty: one may. A clause: "the operator's records are there".
std::string_view WhyNotInherited(std::string_view key);

// Why a template may not set it; empty: it may.
std::string_view WhyReservedLabel(std::string_view key);
std::string_view WhyReservedAnnotation(std::string_view key);

// The first key that an entry matches and nobody inherits; empty: there is none.
std::string_view ForbiddenKeyOf(std::string_view entry);

}  // namespace disagg::api
