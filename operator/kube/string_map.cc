#include "operator/kube/string_map.h"

#include <algorithm>

namespace kube {
namespace {

bool Before(const StringMap::Entry& entry, std::string_view key) { return entry.first.get() < key; }

}  // namespace

StringMap::StringMap(std::initializer_list<std::pair<std::string, std::string>> entries) {
  for (const auto& [key, value] : entries) Set(key, value);
}

StringMap::StringMap(const std::map<std::string, std::string>& entries) {
  entries_.reserve(entries.size());
  for (const auto& [key, value] : entries) {
    entries_.emplace_back(InternedString(key), InternedString(value));
  }
}

const std::string* StringMap::Find(std::string_view key) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), key, Before);
  return found == entries_.end() || found->first.get() != key ? nullptr : &found->second.get();
}

void StringMap::Set(std::string_view key, std::string_view value) {
  const auto found = LowerBound(key);
  const InternedString interned(value);
  if (found != entries_.end() && found->first.get() == key) {
    found->second = interned;
  } else {
    entries_.emplace(found, InternedString(key), interned);
  }
}

void StringMap::Erase(std::string_view key) {
  const auto found = LowerBound(key);
  if (found != entries_.end() && found->first.get() == key) entries_.erase(found);
}

std::map<std::string, std::string> StringMap::ToMap() const {
  std::map<std::string, std::string> map;
  for (const auto& [key, value] : entries_) map.emplace(key.get(), value.get());
  return map;
}

std::vector<StringMap::Entry>::iterator StringMap::LowerBound(std::string_view key) {
  return std::lower_bound(entries_.begin(), entries_.end(), key, Before);
}

}  // namespace kube
