#pragma once

// Names of children that templates need; those of whole objects are in objects.h. Pure.

#include <string>

namespace disagg::render {

// The user's account, or our own <ddep>-workers.
std::string WorkerAccount(const std::string& deployment, const std::string& of_user);

}  // namespace disagg::render
