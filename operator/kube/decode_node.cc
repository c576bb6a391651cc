#include <memory>
#include <string>
#include <utility>

#include "operator/kube/decode.h"
#include "operator/kube/extended_resources.h"
#include "operator/kube/json_fields.h"

namespace kube {
namespace {

void DecodeSpec(const Json& spec, Node& node) {
  node.unschedulable = BooleanField(spec, "unschedulable");
  ForEachElement(spec, "taints", [&](const Json& taint) {
    node.taints.push_back({std::string(TextField(taint, "key")),
                           std::string(TextField(taint, "value")),
                           std::string(TextField(taint, "effect"))});
  });
}

void DecodeStatus(const Json& status, Node& node) {
  ForEachElement(status, "conditions", [&](const Json& condition) {
    if (TextField(condition, "type") != "Ready") return;
    node.ready = TextField(condition, "status") == "True";
    node.ready_changed_at = TimeField(condition, "lastTransitionTime");
  });
  ForEachMember(status, "allocatable", [&](std::string_view name, const Json& quantity) {
    if (IsExtendedResource(name)) node.allocatable.emplace(name, QuantityValue(quantity));
  });
}

base::Result<ObjectPtr> DecodeNode(const Json& object) {
  auto meta = DecodeMeta(object, {});
  if (!meta) return meta.error();
  auto node = std::make_shared<Node>();
  node->meta = std::move(*meta);
  IfObject(object, "spec", [&](const Json& spec) { DecodeSpec(spec, *node); });
  IfObject(object, "status", [&](const Json& status) { DecodeStatus(status, *node); });
  return ObjectPtr(std::move(node));
}

}  // namespace

Decoder NodeDecoder() { return DecodeNode; }

}  // namespace kube
