#pragma once

// Lists of a pod's spec that a template merges by element, and what tells their elements apart; all
// other lists are replaced. The keys are Kubernetes's own for a strategic merge. Pure.
//
//   containers, initContainers        name                            merged field by field
//   ports                             containerPort, protocol         merged field by field
//   topologySpreadConstraints         topologyKey, whenUnsatisfiable  merged field by field
//   env, volumes, imagePullSecrets    name                            the element replaces ours
//   volumeMounts                      mountPath                       the element replaces ours
//
// Elements that have one source of several (a volume, a variable) cannot be merged field by field:
// two sources would come together.

#include <span>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace disagg::api {

struct KeyedList {
  std::string_view field;
  std::span<const std::string_view> keys;
  bool replaces = false;
};

// Null: a list that is replaced as a whole, or no list.
const KeyedList* FindKeyedList(std::string_view field);

// What tells `element` from others, for people too: "9090/TCP", "engine". Empty where a key is
// missing or no text or number. A protocol that is missing is TCP.
std::string KeyOf(const KeyedList& list, const nlohmann::json& element);

}  // namespace disagg::api
