#pragma once

// Labels and annotations of cached objects: few per object, looked up by key, and the same texts in
// thousands of objects. A pair costs 32 bytes instead of a tree node with two strings. A plain
// value; not for texts that are many, see interned_string.h.

#include <cstddef>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "operator/kube/interned_string.h"

namespace kube {

class StringMap {
 public:
  using Entry = std::pair<InternedString, InternedString>;

  StringMap() = default;
  StringMap(std::initializer_list<std::pair<std::string, std::string>> entries);
  explicit StringMap(const std::map<std::string, std::string>& entries);

  // The value, or null.
  const std::string* Find(std::string_view key) const;
  bool contains(std::string_view key) const { return Find(key) != nullptr; }
  void Set(std::string_view key, std::string_view value);
  void Erase(std::string_view key);
  void clear() { entries_.clear(); }
  void shrink_to_fit() { entries_.shrink_to_fit(); }

  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::map<std::string, std::string> ToMap() const;

  friend bool operator==(const StringMap&, const StringMap&) = default;

 private:
  std::vector<Entry>::iterator LowerBound(std::string_view key);

  std::vector<Entry> entries_;  // ordered by key
};

}  // namespace kube
