#include "operator/kube/decode.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "operator/kube/json_fields.h"

namespace kube {
namespace {

base::Error Untrackable(const ObjectMeta& meta) {
  return base::MakeError(base::ErrorCode::kProtocol, "InvalidObject",
                         "object \"" + meta.key().ToString() + "\" of the API server has no " +
                             (meta.name.empty()  ? "metadata.name"
                              : meta.uid.empty() ? "metadata.uid"
                                                 : "metadata.resourceVersion"));
}

StringMap KeptMembers(const Json& object, std::string_view field, const KeepKeys& keep) {
  StringMap kept;
  ForEachMember(object, field, [&](std::string_view key, const Json& value) {
    std::string_view text;
    if (keep.Keeps(key) && value.get(text) == simdjson::SUCCESS) kept.Set(key, text);
  });
  kept.shrink_to_fit();  // it stays in a cache
  return kept;
}

// "apps" of "apps/v1"; "" of "v1", the core group.
std::string_view GroupOf(std::string_view api_version) {
  const std::size_t slash = api_version.find('/');
  return slash == std::string_view::npos ? "" : api_version.substr(0, slash);
}

std::string Finalizers(const Json& metadata) {
  std::string names;
  ForEachElement(metadata, "finalizers", [&](const Json& finalizer) {
    std::string_view name;
    if (finalizer.get(name) == simdjson::SUCCESS) {
      names.append(names.empty() ? "" : ", ").append(name);
    }
  });
  return names;
}

void DecodeController(const Json& metadata, ObjectMeta& meta) {
  ForEachElement(metadata, "ownerReferences", [&](const Json& owner) {
    if (!BooleanField(owner, "controller")) return;
    meta.controller_uid = InternedString(TextField(owner, "uid"));
    meta.controller_group = InternedString(GroupOf(TextField(owner, "apiVersion")));
    meta.controller_kind = InternedString(TextField(owner, "kind"));
    meta.controller_name = InternedString(TextField(owner, "name"));
  });
}

void AppendMember(std::string& json, std::string_view key, std::string_view value) {
  if (json.back() != '{') json += ',';
  json += nlohmann::json(key).dump();
  json += ':';
  json += value;
}

// The members of an object as compact JSON, without one of them.
std::string CompactWithout(const simdjson::dom::object& members, std::string_view cut) {
  std::string json = "{";
  for (const auto member : members) {
    if (member.key != cut) AppendMember(json, member.key, simdjson::minify(member.value));
  }
  return json + "}";
}

std::string CompactObject(const Json& object) {
  std::string json = "{";
  simdjson::dom::object members, metadata;
  if (object.get(members) != simdjson::SUCCESS) return "{}";
  for (const auto member : members) {
    if (member.key == "status") continue;
    const bool is_metadata =
        member.key == "metadata" && member.value.get(metadata) == simdjson::SUCCESS;
    AppendMember(
        json, member.key,
        is_metadata ? CompactWithout(metadata, "managedFields") : simdjson::minify(member.value));
  }
  return json + "}";
}

}  // namespace

bool KeepKeys::Keeps(std::string_view key) const {
  return prefixes.empty() || std::any_of(prefixes.begin(), prefixes.end(), [&](const auto& prefix) {
           return key.starts_with(prefix);
         });
}

base::Result<ObjectMeta> DecodeMeta(const Json& object, const KeepKeys& keep) {
  ObjectMeta meta;
  IfObject(object, "metadata", [&](const Json& metadata) {
    meta.name = TextField(metadata, "name");
    meta.namespace_name = TextField(metadata, "namespace");
    meta.uid = TextField(metadata, "uid");
    meta.resource_version = TextField(metadata, "resourceVersion");
    meta.generation = IntegerField(metadata, "generation");
    meta.creation_time = TimeField(metadata, "creationTimestamp");
    if (!TextField(metadata, "deletionTimestamp").empty()) {
      meta.deletion_time = TimeField(metadata, "deletionTimestamp");
      meta.deletion_grace = IntegerField(metadata, "deletionGracePeriodSeconds");
      meta.finalizers = Finalizers(metadata);
    }
    meta.labels = KeptMembers(metadata, "labels", keep);
    meta.annotations = KeptMembers(metadata, "annotations", keep);
    DecodeController(metadata, meta);
  });
  if (meta.name.empty() || meta.uid.empty() || meta.resource_version.empty()) {
    return Untrackable(meta);
  }
  return meta;
}

Decoder MetadataDecoder(KeepKeys keep) {
  return [keep = std::move(keep)](const Json& json) -> base::Result<ObjectPtr> {
    auto meta = DecodeMeta(json, keep);
    if (!meta) return meta.error();
    auto object = std::make_shared<MetadataObject>();
    object->meta = std::move(*meta);
    return ObjectPtr(std::move(object));
  };
}

Decoder RawDecoder(KeepKeys keep) {
  const auto packer = std::make_shared<TextPacker>();
  return [keep = std::move(keep), packer](const Json& json) -> base::Result<ObjectPtr> {
    auto meta = DecodeMeta(json, keep);
    if (!meta) return meta.error();
    auto object = std::make_shared<RawObject>();
    object->meta = std::move(*meta);
    object->json = packer->Pack(CompactObject(json));
    return ObjectPtr(std::move(object));
  };
}

}  // namespace kube
