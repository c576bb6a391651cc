#pragma once

// One object out of an answer of the API server, whatever is in it. Pure.

#include <string>
#include <string_view>

#include "operator/base/result.h"
#include "operator/kube/decode.h"
#include "operator/kube/json_parser.h"

namespace kube {

// Decodes the object that is `text`. Of one that no parser takes (too deep, cut short), what can be
// read of its members is decoded, and meta.decode_error names the rest. An error means that it has
// no metadata by which it could be tracked.
base::Result<ObjectPtr> DecodeItem(std::string_view text, const Decoder& decoder,
                                   JsonParser& parser);

// Says of an object that nobody else holds yet why not all of it was read.
void MarkIncomplete(const ObjectPtr& object, std::string_view why);

}  // namespace kube
