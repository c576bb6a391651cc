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
  std::string resource_version;
  std::string continue_token;  // empty on the last page
};

// An item that cannot be decoded fails the page: a cache with holes would make decisions on them.
base::Result<ListPage> DecodeList(std::string_view body, const Decoder& decoder);

}  // namespace kube
