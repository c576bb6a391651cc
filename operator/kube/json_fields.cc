#include "operator/kube/json_fields.h"

#include <algorithm>

#include "operator/base/clock.h"
#include "operator/base/quantity.h"

namespace kube {

std::string_view TextField(const Json& object, std::string_view field) {
  std::string_view text;
  return object[field].get(text) == simdjson::SUCCESS ? text : std::string_view();
}

std::int64_t IntegerField(const Json& object, std::string_view field) {
  std::int64_t value = 0;
  return object[field].get(value) == simdjson::SUCCESS ? value : 0;
}

bool BooleanField(const Json& object, std::string_view field) {
  bool value = false;
  return object[field].get(value) == simdjson::SUCCESS && value;
}

std::int64_t TimeField(const Json& object, std::string_view field) {
  const std::string_view text = TextField(object, field);
  return text.empty() ? 0 : std::max<std::int64_t>(0, base::ParseTime(std::string(text)));
}

std::int64_t QuantityValue(const Json& value) {
  std::int64_t integer = 0;
  if (value.get(integer) == simdjson::SUCCESS) return integer;
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return 0;
  const auto quantity = base::Quantity::Parse(text);
  return quantity ? quantity->Ceil() : 0;
}

}  // namespace kube
