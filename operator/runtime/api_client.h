#pragma once

// The verbs of the Kubernetes API over a Transport: paths, content types, field manager, error
// mapping, fencing, a bound on requests in flight, Retry-After. Blocking; called from workers.
// Thread-safe.
//
// Nothing is repeated here: a request that failed is an error, and the next pass over the object
// decides anew. After an answer with Retry-After, requests of its flow (writes of one owner, reads
// of one namespace) fail with kTooManyRequests, unsent, until the time (at most 60 s) has passed.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "operator/base/clock.h"
#include "operator/base/result.h"
#include "operator/kube/object.h"
#include "operator/kube/resource.h"
#include "operator/observability/metrics.h"
#include "operator/transport/transport.h"

namespace runtime {

// Says whether this process may still write: only while enough of the lease's validity remains
// (timings.h). Thread-safe; asked from the transport's thread, in the moment in which bytes leave.
class WriteGate {
 public:
  virtual ~WriteGate() = default;
  virtual bool MayWrite() const = 0;
};

enum class Verb { kCreate, kApply, kMergePatch, kDelete, kDryRunCreate };

// One write. `body` is the object as JSON text (empty for a delete).
struct WriteRequest {
  Verb verb = Verb::kCreate;
  kube::Resource resource;
  kube::ObjectKey key;
  std::string subresource;  // "status" for kApply
  std::string body;
  bool force = false;                // kApply: take over fields of other managers
  std::string precondition_uid;      // kDelete
  std::string precondition_version;  // kDelete; may be empty
  std::optional<int> grace_seconds;  // kDelete; absent: the object's own
  bool keep_answer = false;          // WriteResult::answer is read later
  // Whose write this is: flows share the places for writes fairly, so that one whose writes are
  // slow holds up nobody else. "": the machine's own.
  std::string flow;
};

// What is needed of the answer. For a delete that removed the object at once `gone` is true; else
// the object as it is now (with a deletionTimestamp).
struct WriteResult {
  std::string uid;
  std::string resource_version;
  std::string controller_uid;
  std::map<std::string, std::string> labels;
  bool gone = false;
  std::string answer;  // with keep_answer: the object as it is stored, JSON text as of a GET
};

// One page of a list of metadata.
struct MetadataQuery {
  std::string label_selector;
  std::string continue_token;  // "" for the first page
  int limit = 500;
};

struct ApiClientOptions {
  int max_in_flight_writes = 64;  // of all flows
  int max_writes_of_a_flow = 16;
  std::string field_manager = "disagg-operator";
  const base::Clock* clock = nullptr;         // null: the real one
  observability::Metrics* metrics = nullptr;  // null: nothing is counted
};

class ApiClient {
 public:
  // `gate` may be null: then every write may go out. Both outlive the client.
  ApiClient(transport::Transport& transport, const WriteGate* gate, ApiClientOptions options);
  ~ApiClient();

  // The object's JSON text.
  base::Result<std::string> Get(const kube::Resource& resource, const kube::ObjectKey& key);

  // A PartialObjectMetadataList as JSON text, across all namespaces.
  base::Result<std::string> ListMetadata(const kube::Resource& resource,
                                         const MetadataQuery& query);

  base::Result<WriteResult> Write(const WriteRequest& request);

  // Sends all at once (within the bounds) and waits for all; results in the order of the requests.
  // What finds no place within a minute is not sent and is kTimeout.
  std::vector<base::Result<WriteResult>> WriteAll(const std::vector<WriteRequest>& requests);

  // Ends waiting calls soon with kCancelled; later ones end at once.
  void Shutdown();

  // Writes that were sent and whose fate the server may not have settled yet.
  int writes_in_flight() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace runtime
