#pragma once

// Runs a decoder over a text, as the list and watch decoders do.

#include <memory>
#include <string>

#include "operator/kube/decode.h"

namespace kube {

inline base::Result<ObjectPtr> Decode(const Decoder& decoder, const std::string& json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json).get(root) != simdjson::SUCCESS) {
    return base::MakeError(base::ErrorCode::kInternal, "", "the test's JSON is broken: " + json);
  }
  return decoder(root);
}

// Null when it cannot be decoded.
template <typename T>
std::shared_ptr<const T> DecodeAs(const Decoder& decoder, const std::string& json) {
  const auto object = Decode(decoder, json);
  return object ? std::dynamic_pointer_cast<const T>(*object) : nullptr;
}

}  // namespace kube
