#include "controllers/api/node_selectors.h"

namespace disagg::api {

std::map<std::string, std::string> NodesOf(const AcceleratorClass& type) {
  std::map<std::string, std::string> labels = type.node_selector;
  if (!type.architecture.empty()) labels.emplace("kubernetes.io/arch", type.architecture);
  return labels;
}

std::string Contradiction(const std::map<std::string, std::string>& a, const std::string& whose_a,
                          const std::map<std::string, std::string>& b, const std::string& whose_b) {
  for (const auto& [key, value] : a) {
    const auto other = b.find(key);
    if (other == b.end() || other->second == value) continue;
    return whose_a + " selects nodes with " + key + "=" + value + ", " + whose_b + " with " + key +
           "=" + other->second + "; no node has both";
  }
  return "";
}

}  // namespace disagg::api
