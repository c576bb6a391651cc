#pragma once

// One object of an API server: what a GET of it shows is set by a test, and so is the answer to the
// writes. Behind it the executor's own parts.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "controllers/planning/plan.h"
#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/executor.h"
#include "controllers/reconcile/lost_children.h"
#include "controllers/reconcile/request_backoff.h"
#include "controllers/reconcile/revision_payloads.h"
#include "operator/base/clock.h"
#include "operator/runtime/api_client.h"
#include "operator/runtime/freshness.h"
#include "tests/unit/runtime/fake_transport.h"

namespace disagg::reconcile {

inline constexpr char kUid[] = "u-1";  // of the object that writes are about

// {"uid": "owner", "name": "m3", ...}
kube::ObjectMeta Owner();

// A pod "serving/m3-decode-r-0-1" with this controller reference ("" for none) and further
// metadata.
std::string PodJson(const std::string& uid, const std::string& controller_uid,
                    const std::string& controller_name = "m3",
                    const nlohmann::json& metadata = nlohmann::json::object());

// A write about that pod.
planning::Write WriteOf(planning::Verb verb);

// "POST", "PATCH merge", "PATCH apply", "DELETE", "GET", "LIST"; dry runs are "POST dry", applies
// that can only create "PATCH first apply".
std::string Describe(const transport::Request& request);

class FakeCluster {
 public:
  using Answer = runtime::FakeTransport::Answer;

  FakeCluster();

  // What GETs are answered, by the end of their path; "" is everything else.
  void Shows(const std::string& path_end, Answer answer);
  // What a write is answered, by its description; "" is everything else.
  void Answers(const std::string& what, Answer answer);

  // Carries out a plan of these writes.
  planning::Outcome Execute(std::vector<planning::Write> writes,
                            const kube::ObjectMeta& owner = Owner());
  // "done", "gone", "refused" or "failed REASON": what became of the one write.
  std::string Try(const planning::Write& write);

  std::vector<std::string> Requests() const;  // described, in order
  std::size_t CountOf(const std::string& what) const;
  const planning::Plan& plan() const { return plan_; }

  base::ManualClock clock{base::SystemTime{}};
  std::unique_ptr<LostChildren> lost;
  std::unique_ptr<RevisionPayloads> payloads;  // the last two
  RequestBackoff backoff{clock};
  AcceptedPods accepted{clock};
  runtime::ApiClient& client() { return *client_; }

 private:
  Answer Handle(const transport::Request& request);

  mutable std::mutex mutex_;
  std::map<std::string, Answer> shows_, answers_;
  runtime::ObjectStore pods_;
  runtime::Freshness freshness_;
  planning::Plan plan_;
  std::unique_ptr<runtime::FakeTransport> transport_;
  std::unique_ptr<runtime::ApiClient> client_;
};

FakeCluster::Answer NotFound();

}  // namespace disagg::reconcile
