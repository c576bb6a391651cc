#include "operator/kube/list_decoder.h"

#include <utility>

#include "operator/kube/json_fields.h"

namespace kube {
namespace {

base::Error NotAList(std::string why) {
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidList",
                         "the answer to a list is unreadable: " + std::move(why));
}

}  // namespace

base::Result<ListPage> DecodeList(std::string_view body, const Decoder& decoder) {
  simdjson::dom::parser parser;
  Json root;
  if (const auto error = parser.parse(body.data(), body.size()).get(root)) {
    return NotAList(simdjson::error_message(error));
  }
  ListPage page;
  IfObject(root, "metadata", [&](const Json& metadata) {
    page.resource_version = TextField(metadata, "resourceVersion");
    page.continue_token = TextField(metadata, "continue");
  });
  if (page.resource_version.empty()) return NotAList("it has no metadata.resourceVersion");
  simdjson::dom::array items;
  // Go writes an empty list of some kinds as null.
  if (root["items"].get(items) != simdjson::SUCCESS) return page;
  page.items.reserve(items.size());
  for (const Json item : items) {
    auto object = decoder(item);
    if (!object) return object.error();
    page.items.push_back(std::move(*object));
  }
  return page;
}

}  // namespace kube
