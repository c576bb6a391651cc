#include "operator/kube/object.h"

namespace kube {
namespace {

const std::string& Find(const std::map<std::string, std::string>& values, const std::string& name) {
  static const std::string kAbsent;
  const auto it = values.find(name);
  return it == values.end() ? kAbsent : it->second;
}

}  // namespace

const std::string& ObjectMeta::label(const std::string& key) const { return Find(labels, key); }

const std::string& ObjectMeta::annotation(const std::string& key) const {
  return Find(annotations, key);
}

}  // namespace kube
