#pragma once

// From JSON of the API server to the structs of object.h. Pure; never throws; unknown fields are
// skipped and a field of the wrong type counts as absent, so that a newer API server cannot stop
// the operator. A missing metadata.name, uid or resourceVersion is an error: such an object cannot
// be tracked.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include "operator/base/result.h"
#include "operator/kube/object.h"

namespace kube {

// Which labels and annotations a cache keeps: those whose key begins with one of `prefixes` (all
// when empty). Memory per cached pod is mostly these.
struct KeepKeys {
  std::vector<std::string> prefixes;
  bool Keeps(std::string_view key) const;
};

using Decoder = std::function<base::Result<ObjectPtr>(const simdjson::dom::element&)>;

base::Result<ObjectMeta> DecodeMeta(const simdjson::dom::element& object, const KeepKeys& keep);

Decoder PodDecoder(KeepKeys keep);
Decoder NodeDecoder();
Decoder MetadataDecoder(KeepKeys keep);
Decoder RawDecoder(KeepKeys keep);

}  // namespace kube
