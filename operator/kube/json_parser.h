#pragma once

// Parses whatever the API server serves. Its encoder writes what a strict parser refuses: a number
// that somebody stored as 18446744073709551615 comes back as 18446744073709552000, and the data of
// a ControllerRevision comes back byte by byte, with numbers of any length, half surrogates and
// bytes that are not UTF-8. Pure; never throws.

#include <string>
#include <string_view>

#include <simdjson.h>

#include "operator/base/result.h"
#include "operator/kube/json_fields.h"

namespace kube {

// `json` with everything replaced that simdjson refuses though its shape is right: an integer
// beyond 64 bits becomes a double, a double beyond the largest one that one, half a surrogate and
// the non-ASCII bytes of a text that is not UTF-8 become U+FFFD.
std::string RepairJson(std::string_view json);

// Not thread-safe.
class JsonParser {
 public:
  // The levels of an object that are read; deeper ones are refused, so that whoever walks over the
  // result needs a bounded stack.
  static constexpr std::size_t kMaxDepth = 1024;

  // The element is valid until the next call. An error says why in a few words.
  base::Result<Json> Parse(std::string_view text);

 private:
  simdjson::dom::parser parser_;
};

}  // namespace kube
