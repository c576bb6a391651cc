#include "controllers/render/canonical.h"

#include <array>
#include <cinttypes>
#include <cstdio>

#include "operator/base/hash.h"

namespace disagg::render {

std::string Canonical(const nlohmann::json& value) {
  // nlohmann::json keeps objects in a std::map, which is byte order.
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string ShortHashOf(const nlohmann::json& value) { return base::ShortHash(Canonical(value)); }

std::string LongHashOf(const nlohmann::json& value) {
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016" PRIx64, base::Hash64(Canonical(value)));
  return text.data();
}

}  // namespace disagg::render
