#pragma once

// Decodes one page of a list. Pure.

#include <string>
#include <string_view>
#include <vector>

#include "operator/base/result.h"
#include "operator/kube/decode.h"

namespace kube {

struct ListPage {
  std::vector<ObjectPtr> items;
  // Of each item that has no metadata by which it could be tracked.
  std::vector<base::Error> skipped;
  std::string resource_version;
  std::string continue_token;  // empty on the last page
};

// Item by item: one that cannot be read is that item's trouble (item_decoder.h). An error means
// that `body` is no whole list: an object of another kind, or one without items, is no empty list.
base::Result<ListPage> DecodeList(std::string_view body, const Decoder& decoder);

}  // namespace kube
