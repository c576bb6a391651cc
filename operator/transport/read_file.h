#pragma once

// Small files as text.

#include <string>

#include "operator/base/result.h"

namespace transport {

// The whole file; an error that names it when it cannot be read, is no regular file or is larger
// than 4 MiB.
base::Result<std::string> ReadFile(const std::string& path);

}  // namespace transport
