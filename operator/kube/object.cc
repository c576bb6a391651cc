#include "operator/kube/object.h"

namespace kube {
namespace {

const std::string& ValueOf(const StringMap& values, const std::string& key) {
  static const std::string kAbsent;
  const std::string* value = values.Find(key);
  return value == nullptr ? kAbsent : *value;
}

}  // namespace

const std::string& ObjectMeta::label(const std::string& key) const { return ValueOf(labels, key); }

const std::string& ObjectMeta::annotation(const std::string& key) const {
  return ValueOf(annotations, key);
}

}  // namespace kube
