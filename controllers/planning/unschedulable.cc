#include "controllers/planning/unschedulable.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace disagg::planning {
namespace {

using Selector = std::map<std::string, std::string>;

constexpr std::size_t kMostValues = 4;  // of a label that are listed

std::string Amount(std::int64_t count, const std::string& resource) {
  return std::to_string(count) + " " + resource;
}

// "8 nvidia.com/gpu and 8 rdma/ib"
std::string Needs(const kube::Amounts& resources) {
  std::string text;
  for (const auto& [name, count] : resources) {
    text += (text.empty() ? "" : " and ") + Amount(count, name);
  }
  return text.empty() ? "cpu and memory" : text;
}

std::string ToText(const Selector& selector) {
  std::string text;
  for (const auto& [key, value] : selector) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text;
}

bool Matches(const kube::Node& node, const Selector& selector) {
  return std::all_of(selector.begin(), selector.end(), [&](const auto& entry) {
    const std::string* value = node.meta.labels.Find(entry.first);
    return value != nullptr && *value == entry.second;
  });
}

// Of equally free nodes the first by name: the same message in every pass.
bool IsFreer(const NodeCapacity& a, const NodeCapacity& b, const std::string& resource) {
  const std::int64_t free_a = a.Free(resource), free_b = b.Free(resource);
  return free_a != free_b ? free_a > free_b : a.node->meta.name < b.node->meta.name;
}

// Of a router, which asks for no devices: every node of its architecture would do otherwise.
std::string TaintRemedy(const std::string& words) {
  if (words.find("untolerated taint") == words.npos) return "";
  return ": tolerate the taint in spec.placement.tolerations, or for routers alone in tolerations "
         "of spec.router.podTemplate, or add a node without it";
}

class Explainer {
 public:
  Explainer(const Snapshot& snapshot, const kube::Pod& pod, const std::string& role,
            const api::ResolvedRole& resolved)
      : snapshot_(snapshot),
        pod_(pod),
        role_(role),
        klass_(*resolved.accelerator),
        selector_(SelectorOf(resolved)) {
    for (const NodeCapacity& capacity : snapshot.capacity) {
      if (!Matches(*capacity.node, selector_)) continue;
      ++matching_;
      if (!capacity.node->unschedulable && capacity.node->ready) usable_.push_back(&capacity);
    }
  }

  std::string Explain() const {
    return " finds no node: " + Cause() + "; it needs " + Needs(pod_.extended_resources) +
           " on one node of class " + klass_.meta.name + Nodes();
  }

 private:
  // Validation refuses those that contradict one another.
  Selector SelectorOf(const api::ResolvedRole& resolved) const {
    Selector selector = klass_.node_selector;
    selector.insert(resolved.artifact.node_selector.begin(), resolved.artifact.node_selector.end());
    const auto& placed = snapshot_.deployment->spec.placement.node_selector;
    selector.insert(placed.begin(), placed.end());
    return selector;
  }

  // " (4 nodes match, 2 of them cordoned or NotReady)"
  std::string Nodes() const {
    if (matching_ == 0) return "";
    std::string text =
        " (" + std::to_string(matching_) + (matching_ == 1 ? " node matches" : " nodes match");
    const int out = matching_ - static_cast<int>(usable_.size());
    if (out > 0) text += ", " + std::to_string(out) + " of them cordoned or NotReady";
    return text + ")";
  }

  std::string Cause() const {
    if (matching_ == 0) return NoNodeOfTheClass();
    if (usable_.empty()) {
      return "every node of class " + klass_.meta.name +
             " is cordoned or NotReady: uncordon or add one";
    }
    if (const auto cause = NotOffered()) return *cause;
    if (const auto cause = NotFree()) return *cause;
    const std::string& words = pod_.unschedulable_message;
    // The pods of others are not in our caches.
    for (const auto& [resource, count] : pod_.extended_resources) {
      if (words.find("Insufficient " + resource.get()) == words.npos) continue;
      return "pods of others hold " + resource.get() + " (the scheduler says: " + words +
             "): free a node, or lower spec." + role_ + ".parallelism";
    }
    return "the scheduler says: " + words + ClaimRemedy();
  }

  // The selector, and what nodes have instead of it.
  std::string NoNodeOfTheClass() const {
    std::string text = "no node has the labels " + ToText(selector_);
    for (const auto& [key, value] : selector_) {
      std::set<std::string> values;
      for (const NodeCapacity& capacity : snapshot_.capacity) {
        if (const std::string* has = capacity.node->meta.labels.Find(key)) values.insert(*has);
      }
      if (!values.contains(value)) text += "; " + ValuesOf(key, values);
    }
    return text + "; label or add nodes, or correct spec.nodeSelector of AcceleratorClass " +
           klass_.meta.name;
  }

  static std::string ValuesOf(const std::string& key, const std::set<std::string>& values) {
    if (values.empty()) return "no node has the label " + key;
    std::string text = "nodes have " + key + "=";
    std::size_t listed = 0;
    for (const std::string& value : values) {
      if (listed == kMostValues) return text + ", ...";
      text += (listed++ == 0 ? "" : ", ") + value;
    }
    return text;
  }

  // A resource that no usable node would have enough of if it were empty.
  std::optional<std::string> NotOffered() const {
    for (const auto& [resource, count] : pod_.extended_resources) {
      std::int64_t most = 0;
      for (const NodeCapacity* node : usable_) most = std::max(most, node->Offers(resource));
      if (most >= count) continue;
      const std::string of_class = " node of class " + klass_.meta.name;
      if (most == 0) {
        return "no" + of_class + " offers " + resource.get() + ": check its device plugin";
      }
      return "no" + of_class + " offers " + Amount(count, resource) + ", the largest " +
             Amount(most, resource) + ": lower spec." + role_ + ".parallelism";
    }
    return std::nullopt;
  }

  // What the freest node is short of.
  std::optional<std::string> NotFree() const {
    const NodeCapacity* freest = usable_[0];
    for (const NodeCapacity* node : usable_) {
      if (IsFreer(*node, *freest, klass_.gpu_resource)) freest = node;
    }
    for (const auto& [resource, count] : pod_.extended_resources) {
      const std::int64_t free = freest->Free(resource);
      if (free >= count) continue;
      return "the freest node (" + freest->node->meta.name + ") has " + std::to_string(free) +
             " of " + Amount(count, resource) + " free: free a node, or lower spec." + role_ +
             ".parallelism";
    }
    return std::nullopt;
  }

  // A model's claim is of the deployment's namespace; the catalogue only names it.
  std::string ClaimRemedy() const {
    const std::string& words = pod_.unschedulable_message;
    const auto claim = words.find("persistentvolumeclaim \"");
    if (claim == words.npos || words.find("not found", claim) == words.npos) return "";
    return ": create that claim in namespace " + pod_.meta.namespace_name;
  }

  const Snapshot& snapshot_;
  const kube::Pod& pod_;
  const std::string& role_;
  const api::AcceleratorClass& klass_;
  const Selector selector_;
  int matching_ = 0;
  std::vector<const NodeCapacity*> usable_;
};

}  // namespace

std::string ExplainUnschedulable(const Snapshot& snapshot, const api::Resolution& resolution,
                                 const kube::Pod& pod, const std::string& role) {
  const auto name = api::ParseRoleName(role);
  const auto resolved = name ? resolution.roles.find(*name) : resolution.roles.end();
  if (resolved == resolution.roles.end() || snapshot.capacity.empty()) {
    const bool router = name && !api::IsWorker(*name);
    return " finds no node: " + pod.unschedulable_message +
           (router ? TaintRemedy(pod.unschedulable_message) : "");
  }
  return Explainer(snapshot, pod, role, resolved->second).Explain();
}

}  // namespace disagg::planning
