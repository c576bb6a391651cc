#pragma once

// Everything that one decision about one DisaggDeployment may look at. Filled by reconcile/resolver
// from the caches; planning sees nothing else, so the same snapshot always gives the same plan.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "controllers/api/resolution.h"
#include "controllers/api/types.h"
#include "controllers/render/revision.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"

namespace disagg::planning {

// A ControllerRevision of this deployment, without the templates of its roles (those are read live
// when a pod has to be made).
struct StoredRevision {
  render::RevisionIdentity identity;
  std::string uid;
};

// A ControllerRevision of this deployment that cannot be read: somebody took or changed what its
// identity stands in, or not all of it came.
struct DamagedRevision {
  std::string name;  // as RevisionIdentity::name, by the name of the object
  std::string uid;
  std::string why;  // one clause: "it lacks disagg.dev/roles"
  // Labels that the rest of the object tells, with the values that they should have.
  std::map<std::string, std::string> lost_labels;
};

// A child other than pods and revisions, as the API server has it.
struct Child {
  kube::Resource resource;
  std::shared_ptr<const kube::RawObject> object;
};

// For explaining why a pod finds no node.
struct NodeCapacity {
  std::shared_ptr<const kube::Node> node;
  // Extended resources of the pods that this operator knows of.
  std::map<std::string, std::int64_t> used;

  std::int64_t Offers(const std::string& resource) const {
    const auto all = node->allocatable.find(resource);
    return all == node->allocatable.end() ? 0 : all->second;
  }
  std::int64_t Free(const std::string& resource) const {
    const auto taken = used.find(resource);
    const std::int64_t left = Offers(resource) - (taken == used.end() ? 0 : taken->second);
    return std::max<std::int64_t>(0, left);
  }
};

// Something that this operator tried for this object and that has failed in every pass since.
struct Trouble {
  std::string what;  // "create Pod minimax-m3-decode-w7c3h5dn-0-1"
  std::string role;  // empty: of no role
  std::string pod;   // empty: of no pod
  std::string reason;
  std::string message;     // the server's own words
  std::int64_t since = 0;  // Unix seconds, as `now`
  bool retryable = true;   // false: the object is wrong, and somebody has to change it
};

// An object in the way: its name is one that this deployment would use, and it belongs to an
// earlier owner of the same name.
struct Leftover {
  kube::Resource resource;
  std::string name;
  std::string uid;
  std::string owner_uid;  // of the earlier deployment; empty: orphaned
  bool deleting = false;  // waited for, or passed by

  // Left by a deletion with --cascade=orphan: nobody deletes it.
  bool orphaned() const { return owner_uid.empty(); }
  // The garbage collector will delete it, and has not begun to.
  bool awaits_collection() const { return !deleting && !orphaned(); }
};

// The newest pod of a slot that is gone, as this process saw or created it last.
struct GonePod {
  std::shared_ptr<const kube::Pod> pod;
  bool released = false;  // we gave it back: suspended, or fewer replicas wanted
};

struct Settings {
  // A Node that has been NotReady for so long is lost with its pods. All pods of a node are
  // NotReady for up to 45 s after an outage of the API server; that is not loss.
  int node_loss_seconds = 300;
};

struct Snapshot {
  std::shared_ptr<const api::DisaggDeployment> deployment;
  api::Catalogue catalogue;
  std::map<std::string, std::string> namespace_labels;

  std::vector<std::shared_ptr<const kube::Pod>> pods;  // controlled by the deployment, any phase
  std::vector<GonePod> gone;                           // see SlotMemory
  std::vector<StoredRevision> revisions;               // controlled by it
  std::vector<DamagedRevision> damaged;                // likewise
  // Of those that were asked for, by name.
  std::map<std::string, std::shared_ptr<const render::Revision>> payloads;
  std::vector<Child> children;  // controlled by it

  // Nodes that `pods` are bound to; absent: gone.
  std::map<std::string, std::shared_ptr<const kube::Node>> nodes;
  // All nodes; only filled while a pod finds none, or has failed by the fault of its node.
  std::vector<NodeCapacity> capacity;

  // Caches that are not live, by Resource::ToString(), with what is wrong with them. Absence in one
  // of them proves nothing.
  std::map<std::string, std::string> not_live;
  std::vector<Trouble> troubles;  // the oldest first
  std::vector<Leftover> leftovers;
  // When this process first saw a node of `nodes` NotReady without a break, by node; as `now`.
  std::map<std::string, std::int64_t> not_ready_seen;

  // Unix seconds by the API server's clock, as creation and deletion times are; nobody else's clock
  // is compared with it without a bound on what skew can do.
  std::int64_t now = 0;
  Settings settings;
};

}  // namespace disagg::planning
