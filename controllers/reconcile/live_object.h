#pragma once

// What a look at the API server says about an object of ours. Pure.

#include <map>
#include <string>

#include "operator/base/result.h"
#include "operator/kube/object.h"

namespace disagg::reconcile {

// What a live object under the name of a child means for its owner.
enum class Standing {
  kOurs,
  kEnding,       // ours, and being deleted
  kPredecessor,  // of a deleted DisaggDeployment of the same name: the garbage collector takes it
  kOrphan,       // left by a deletion of such a one with --cascade=orphan: nobody takes it
  kForeign,
};

struct LiveObject {
  Standing standing = Standing::kForeign;
  std::string uid;
  std::string resource_version;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

// Of the JSON text of an object; what cannot be read is foreign.
LiveObject ReadLive(const std::string& json, const kube::ObjectMeta& owner);

// Whether a DisaggDeployment controls it, which need not exist any more.
bool IsOfDeployment(const kube::ObjectMeta& child);

// True for the API server's own word that an object does not exist. A proxy's 404 is not that.
bool SaysAbsent(const base::Error& error);

}  // namespace disagg::reconcile
