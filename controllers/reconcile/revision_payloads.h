#pragma once

// The templates of stored revisions, kept from the answer to their creation or read live when a pod
// has to be made, for a while: a fleet holds thousands of revisions and needs the templates of a
// few. Kept as text, which is a fiftieth of the parsed document and parsed in a fraction of a
// millisecond. Thread-safe.

#include <cstddef>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "controllers/render/revision.h"
#include "operator/base/mutex.h"
#include "operator/base/result.h"
#include "operator/base/thread_annotations.h"
#include "operator/kube/packed_text.h"
#include "operator/runtime/api_client.h"

namespace disagg::reconcile {

class RevisionPayloads {
 public:
  using Ptr = std::shared_ptr<const render::Revision>;

  // Keeps the `capacity` most recently used.
  RevisionPayloads(runtime::ApiClient& client, std::size_t capacity)
      : client_(client), capacity_(capacity) {}

  // `uid` is the cached ControllerRevision's: revisions are immutable, so one UID has one payload
  // for ever.
  base::Result<Ptr> Get(const std::string& uid, const kube::ObjectKey& key);

  // `json` is the object of this UID as the API server has answered its creation: what admission of
  // others has made of it, not what was asked for.
  void Keep(const std::string& uid, const std::string& json);

 private:
  using Entry = std::pair<std::string, kube::PackedText>;  // UID, the object's JSON

  // Nothing: none is kept, or one that somebody's admission left incomplete; its labels may have
  // been given back since.
  std::optional<render::Revision> Recall(const std::string& uid);
  std::optional<kube::PackedText> RecallText(const std::string& uid);

  runtime::ApiClient& client_;
  const std::size_t capacity_;
  kube::TextPacker packer_;
  base::Mutex mutex_;
  std::list<Entry> recent_ GUARDED_BY(mutex_);  // most recent first
  std::map<std::string, std::list<Entry>::iterator> by_uid_ GUARDED_BY(mutex_);
};

}  // namespace disagg::reconcile
