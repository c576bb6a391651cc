#include "controllers/render/json_patch.h"

#include <algorithm>
#include <string>

namespace disagg::render {
namespace {

using nlohmann::json;
using Pointer = json::json_pointer;

class Differ {
 public:
  void Diff(const json& from, const json& to, const Pointer& at) {
    if (from == to) return;
    if (from.is_object() && to.is_object()) return DiffObjects(from, to, at);
    if (from.is_array() && to.is_array()) return DiffLists(from, to, at);
    patch_.push_back({{"op", "replace"}, {"path", at.to_string()}, {"value", to}});
  }

  json Take() { return std::move(patch_); }

 private:
  void DiffObjects(const json& from, const json& to, const Pointer& at) {
    for (const auto& [key, value] : from.items()) {
      if (!to.contains(key)) {
        Remove(at / key);
      } else {
        Diff(value, to[key], at / key);
      }
    }
    for (const auto& [key, value] : to.items()) {
      if (!from.contains(key)) Add(at / key, value);
    }
  }

  void DiffLists(const json& from, const json& to, const Pointer& at) {
    const std::size_t common = std::min(from.size(), to.size());
    std::size_t head = 0, tail = 0;
    while (head < common && from[head] == to[head]) ++head;
    while (tail < common - head && from[from.size() - 1 - tail] == to[to.size() - 1 - tail]) {
      ++tail;
    }
    if (from.size() == to.size()) {
      for (std::size_t i = head; i < from.size() - tail; ++i) Diff(from[i], to[i], at / i);
      return;
    }
    // From the back, so that no index moves before it is named.
    for (std::size_t i = from.size() - tail; i > head; --i) Remove(at / (i - 1));
    for (std::size_t i = head; i < to.size() - tail; ++i) Add(at / i, to[i]);
  }

  void Remove(const Pointer& at) { patch_.push_back({{"op", "remove"}, {"path", at.to_string()}}); }
  void Add(const Pointer& at, const json& value) {
    patch_.push_back({{"op", "add"}, {"path", at.to_string()}, {"value", value}});
  }

  json patch_ = json::array();
};

}  // namespace

json DiffJson(const json& from, const json& to) {
  Differ differ;
  differ.Diff(from, to, Pointer());
  return differ.Take();
}

}  // namespace disagg::render
