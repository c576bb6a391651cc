#include "operator/kube/item_decoder.h"

#include <memory>
#include <utility>
#include <vector>

#include "operator/kube/json_scanner.h"

namespace kube {
namespace {

// What is readable of an object, and what was left out: "field \"spec\" cannot be read: ...".
struct Readable {
  std::string json = "{";
  std::string lost;
};

void Append(std::string_view key, std::string_view value, std::string& json) {
  json.append(json.back() == '{' ? "\"" : ",\"").append(key).append("\":").append(value);
}

// Who wrote which field mirrors the depth of the fields, and no decision needs it.
bool IsBookkeeping(std::string_view key) { return key == "managedFields"; }

bool MayBeDescended(std::string_view key, std::string_view value) {
  return (key == "metadata" || key == "spec") && value.starts_with('{');
}

void Lose(const std::string& field, const std::string& why, Readable& readable) {
  if (!readable.lost.empty()) readable.lost += "; ";
  readable.lost += "field \"" + field + "\" cannot be read: " + why;
}

// `value`, read as deep as it will stand: alone it might just fit. `level`: of its object. No value
// at all, where a text was cut short, is not the content of an empty array.
base::Status Check(std::string_view value, std::size_t level, JsonParser& parser) {
  if (value.empty()) level = 0;
  std::string wrapped(level, '[');
  wrapped.append(value).append(level, ']');
  const auto parsed = parser.Parse(wrapped);
  return parsed ? base::Status() : parsed.error();
}

// Of a metadata or a spec that cannot be read as a whole, its members are tried one by one: one bad
// field does not hide what the others ask for.
Readable ReadableMembers(std::string_view text, const std::string& path, JsonParser& parser) {
  Readable readable;
  ScanObject(text, [&](std::string_view key, std::string_view value) {
    const base::Status parsed = Check(value, path.empty() ? 1 : 2, parser);
    if (parsed) return Append(key, value, readable.json);
    if (IsBookkeeping(key)) return;
    const std::string field = path + std::string(key);
    const std::string why = parsed.error().message;
    if (!path.empty() || !MayBeDescended(key, value)) return Lose(field, why, readable);
    const Readable members = ReadableMembers(value, field + ".", parser);
    Append(key, members.json, readable.json);
    if (members.lost.empty() && members.json == "{}") return Lose(field, why, readable);
    if (!members.lost.empty() && !readable.lost.empty()) readable.lost += "; ";
    readable.lost += members.lost;
  });
  readable.json += '}';
  return readable;
}

}  // namespace

void MarkIncomplete(const ObjectPtr& object, std::string_view why) {
  std::const_pointer_cast<Object>(object)->meta.decode_error = why;
}

base::Result<ObjectPtr> DecodeItem(std::string_view text, const Decoder& decoder,
                                   JsonParser& parser) {
  if (const auto whole = parser.Parse(text)) return decoder(*whole);
  const Readable readable = ReadableMembers(text, "", parser);
  const auto part = parser.Parse(readable.json);
  if (!part) return part.error();
  auto object = decoder(*part);
  if (object && !readable.lost.empty()) MarkIncomplete(*object, readable.lost);
  return object;
}

}  // namespace kube
