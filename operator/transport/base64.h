#pragma once

// RFC 4648 base64 with padding.

#include <optional>
#include <string>
#include <string_view>

namespace transport {

std::string EncodeBase64(std::string_view bytes);

// White space is skipped. Nothing for anything that is not base64.
std::optional<std::string> DecodeBase64(std::string_view text);

}  // namespace transport
