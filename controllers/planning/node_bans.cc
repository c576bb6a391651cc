#include "controllers/planning/node_bans.h"

#include <algorithm>
#include <string_view>

#include "operator/base/clock.h"
#include "operator/base/parse_number.h"

namespace disagg::planning {
namespace {

using nlohmann::json;

bool ParseFault(std::string_view text, NodeFaultMap* faults) {
  const auto equals = text.rfind('='), at = text.rfind('@');
  if (equals == text.npos || at == text.npos || at < equals || equals == 0) return false;
  const auto count = base::ParseNumber<int>(text.substr(equals + 1, at - equals - 1));
  const auto last = base::ParseNumber<std::int64_t>(text.substr(at + 1));
  if (count.value_or(-1) < 0 || last.value_or(-1) < 0) return false;
  (*faults)[std::string(text.substr(0, equals))] = {*count, *last};
  return true;
}

// What the kubelet and the runtime say when a device or a mount of the node is not there. A wrong
// command or image fails in the same states, so the state alone proves nothing.
bool SpeaksOfTheNode(const kube::InternedString& message) {
  static constexpr std::string_view kSigns[] = {"nvidia-container-cli", "CDI device",
                                                "no such device", "failed to mount", "MountVolume"};
  const std::string_view text = message.get();
  return std::any_of(std::begin(kSigns), std::end(kSigns),
                     [&](std::string_view sign) { return text.find(sign) != text.npos; });
}

bool IsBanned(const render::NodeFaults& faults, std::int64_t now) {
  return faults.count >= kFaultsThatBanANode && now < faults.last + kBanSeconds;
}

bool Tolerates(const json& tolerations, const kube::Taint& taint) {
  return std::any_of(tolerations.begin(), tolerations.end(), [&](const json& toleration) {
    const std::string key = toleration.value("key", ""), effect = toleration.value("effect", "");
    if (!key.empty() && key != taint.key) return false;
    if (!effect.empty() && effect != taint.effect) return false;
    if (toleration.value("operator", "Equal") == "Exists") return true;
    return !key.empty() && toleration.value("value", "") == taint.value;
  });
}

bool Accepts(const kube::Node& node, const json& spec) {
  if (!node.ready || node.unschedulable) return false;
  const json selector = spec.value("nodeSelector", json::object());
  for (const auto& [key, value] : selector.items()) {
    if (node.meta.label(key) != value.get_ref<const std::string&>()) return false;
  }
  const json tolerations = spec.value("tolerations", json::array());
  return std::all_of(node.taints.begin(), node.taints.end(), [&](const kube::Taint& taint) {
    return taint.effect == "PreferNoSchedule" || Tolerates(tolerations, taint);
  });
}

bool HasRoom(const NodeCapacity& capacity, const kube::Amounts& devices) {
  return std::all_of(devices.begin(), devices.end(),
                     [&](const auto& asked) { return capacity.Free(asked.first) >= asked.second; });
}

}  // namespace

NodeFaultMap ParseFaults(const std::string& text) {
  NodeFaultMap faults;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (!ParseFault(std::string_view{text}.substr(begin, end - begin), &faults)) return {};
    begin = end + 1;
  }
  return faults;
}

std::set<std::string> ParseNames(const std::string& text) {
  std::set<std::string> names;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end > begin) names.insert(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

bool IsNodesFault(const kube::Pod& pod) {
  if (pod.node_name.empty()) return false;
  const std::string& reason = pod.reason.get();
  if (reason == "UnexpectedAdmissionError" || reason == "TopologyAffinityError" ||
      reason.starts_with("OutOf")) {
    return true;
  }
  return std::any_of(pod.containers.begin(), pod.containers.end(), [](const auto& container) {
    return SpeaksOfTheNode(container.waiting_message) ||
           SpeaksOfTheNode(container.last_termination_message);
  });
}

NodeFaultMap Remembered(NodeFaultMap faults, std::int64_t now) {
  std::erase_if(faults, [&](const auto& node) { return now >= node.second.last + kBanSeconds; });
  return faults;
}

NodeFaultMap FaultsWith(NodeFaultMap faults, const kube::Pod& failed, std::int64_t time) {
  if (!IsNodesFault(failed)) return faults;
  render::NodeFaults& here = faults[failed.node_name];
  here = {here.count + 1, time};
  return faults;
}

std::set<std::string> BannedNodes(const NodeFaultMap& faults, std::int64_t now) {
  std::set<std::string> banned;
  for (const auto& [node, here] : faults) {
    if (IsBanned(here, now)) banned.insert(node);
  }
  return banned;
}

std::int64_t FirstBanEnd(const NodeFaultMap& faults, std::int64_t now) {
  std::int64_t first = now + kBanSeconds;
  for (const auto& [node, here] : faults) {
    if (IsBanned(here, now)) first = std::min(first, here.last + kBanSeconds);
  }
  return first;
}

bool AnotherNodeFits(const std::vector<NodeCapacity>& capacity, const json& spec,
                     const kube::Amounts& devices, const std::set<std::string>& banned) {
  return std::any_of(capacity.begin(), capacity.end(), [&](const NodeCapacity& candidate) {
    return !banned.contains(candidate.node->meta.name) && Accepts(*candidate.node, spec) &&
           HasRoom(candidate, devices);
  });
}

std::string BanClause(const NodeFaultMap& faults, std::int64_t now) {
  std::string text;
  for (const auto& [node, here] : faults) {
    if (!IsBanned(here, now)) continue;
    text += (text.empty() ? "avoids node " : " and node ") + node + ", where it failed " +
            std::to_string(here.count) + " times, until " +
            base::FormatTime(here.last + kBanSeconds);
  }
  if (text.empty()) return "";
  return text + "; repair the node and delete the pod to use it earlier";
}

}  // namespace disagg::planning
