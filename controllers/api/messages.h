#pragma once

// Pieces of the messages that people read: `path "value": what is wrong; why; what to do`. Internal
// to api.

#include <string>
#include <string_view>
#include <vector>

#include "controllers/api/resolution.h"

namespace disagg::api {

std::string Quoted(const std::string& text);  // shortened where it is very long

// "a", "a and b", "a, b and c"; at most eight of them, then "and 4 more".
std::string Listed(const std::vector<std::string>& items, const std::string& conjunction = "and");

// `path: what`.
FieldError ErrorAt(const std::string& path, const std::string& what,
                   const std::string& reason = "InvalidSpec");
// `path "value": what`.
FieldError ErrorOf(const std::string& path, const std::string& value, const std::string& what,
                   const std::string& reason = "InvalidSpec");

// Of a variable that only a replica over several nodes may not have, and why.
std::string NotOverNodes(std::string_view why);

// "spec.decode"
std::string RolePath(RoleName role);
// Where a role's class is written: "spec.accelerator" or "spec.decode.accelerator".
std::string AcceleratorPath(const DeploymentSpec& spec, RoleName role);
const std::string& AcceleratorName(const DeploymentSpec& spec, RoleName role);

}  // namespace disagg::api
