#pragma once

// Reads from one API server; nothing here can write. Blocking, one request at a time. Errors are
// sentences for a person: which cluster, what it said, what to do.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "operator/base/result.h"
#include "operator/kube/decode.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"
#include "operator/transport/transport.h"

namespace kubectl_disagg {

struct Query {
  std::string namespace_name;  // empty: all
  std::string label_selector;  // empty: everything
};

class ClusterReader {
 public:
  // `where` names the cluster in messages. The transport outlives the reader.
  ClusterReader(transport::Transport& transport, std::string where)
      : transport_(transport), where_(std::move(where)) {}

  base::Result<kube::ObjectPtr> Get(const kube::Resource& resource, const kube::ObjectKey& key,
                                    const kube::Decoder& decoder);
  base::Result<std::vector<kube::ObjectPtr>> List(const kube::Resource& resource,
                                                  const Query& query, const kube::Decoder& decoder);

  // The same for a decoder that makes a T.
  template <typename T>
  base::Result<std::vector<std::shared_ptr<const T>>> ListOf(const kube::Resource& resource,
                                                             const Query& query,
                                                             const kube::Decoder& decoder) {
    auto objects = List(resource, query, decoder);
    if (!objects) return objects.error();
    std::vector<std::shared_ptr<const T>> typed;
    for (const kube::ObjectPtr& object : *objects) {
      typed.push_back(std::static_pointer_cast<const T>(object));
    }
    return typed;
  }

 private:
  base::Result<std::string> Read(const kube::Resource& resource, std::string target);
  base::Error Explain(const kube::Resource& resource, base::Error error) const;

  transport::Transport& transport_;
  const std::string where_;
};

}  // namespace kubectl_disagg
