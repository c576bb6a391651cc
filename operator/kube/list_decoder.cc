#include "operator/kube/list_decoder.h"

#include <utility>

#include "operator/kube/item_decoder.h"
#include "operator/kube/json_fields.h"
#include "operator/kube/json_scanner.h"

namespace kube {
namespace {

// How the kind of each list ends, as JSON.
constexpr std::string_view kAnyList = "List\"";

base::Error NotAList(const std::string& why) {
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidList",
                         "the answer to a list is unreadable: " + why);
}

void ReadMetadata(std::string_view text, JsonParser& parser, ListPage& page) {
  const auto metadata = parser.Parse(text);
  if (!metadata) return;
  page.resource_version = TextField(*metadata, "resourceVersion");
  page.continue_token = TextField(*metadata, "continue");
}

// False when `text` is no whole array. Go writes an empty list of some kinds as null.
bool ReadItems(std::string_view text, const Decoder& decoder, JsonParser& parser, ListPage& page) {
  return text == "null" || ScanArray(text, [&](std::string_view item) {
           auto object = DecodeItem(item, decoder, parser);
           if (object) {
             page.items.push_back(std::move(*object));
           } else {
             page.skipped.push_back(std::move(object).error());
           }
         });
}

}  // namespace

base::Result<ListPage> DecodeList(std::string_view body, const Decoder& decoder) {
  JsonParser parser;
  ListPage page;
  bool has_items = false;
  bool items_whole = true;
  std::string_view kind = kAnyList;
  const bool whole = ScanObject(body, [&](std::string_view key, std::string_view value) {
    if (key == "kind") kind = value;
    if (key == "metadata") ReadMetadata(value, parser, page);
    if (key == "items") {
      has_items = true;
      items_whole = ReadItems(value, decoder, parser, page);
    }
  });
  if (!whole || !items_whole) return NotAList("it is not JSON, or ends too early");
  if (!kind.ends_with(kAnyList)) return NotAList("its kind is not that of a list");
  if (!has_items) return NotAList("it has no items");
  if (page.resource_version.empty()) return NotAList("it has no metadata.resourceVersion");
  return page;
}

}  // namespace kube
