#pragma once

// Forgiving access to the fields of a JSON object: a field that is absent, null or of another type
// reads as nothing, so that an object of a newer API server can always be read. Pure; never throws.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <simdjson.h>

namespace kube {

using Json = simdjson::dom::element;

// "" when absent. Valid as long as the parser's document.
std::string_view TextField(const Json& object, std::string_view field);
std::int64_t IntegerField(const Json& object, std::string_view field);
bool BooleanField(const Json& object, std::string_view field);

// An RFC 3339 text as Unix seconds; 0 when absent or unreadable.
std::int64_t TimeField(const Json& object, std::string_view field);

// A quantity in whole units, rounded up; 0 when absent or unreadable. Both "8" and 8 are
// quantities.
std::int64_t QuantityValue(const Json& value);

// Calls `visit(element)` for each element of an array.
template <typename Visit>
void ForEachElement(const Json& object, std::string_view field, Visit&& visit) {
  simdjson::dom::array elements;
  if (object[field].get(elements) != simdjson::SUCCESS) return;
  for (const Json element : elements) visit(element);
}

// Calls `visit(key, value)` for each member of an object.
template <typename Visit>
void ForEachMember(const Json& object, std::string_view field, Visit&& visit) {
  simdjson::dom::object members;
  if (object[field].get(members) != simdjson::SUCCESS) return;
  for (const auto member : members) visit(member.key, member.value);
}

// Calls `visit(child)` when the field is an object.
template <typename Visit>
void IfObject(const Json& object, std::string_view field, Visit&& visit) {
  Json child;
  if (object[field].get(child) == simdjson::SUCCESS && child.is_object()) visit(child);
}

}  // namespace kube
