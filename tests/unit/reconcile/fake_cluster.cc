#include "tests/unit/reconcile/fake_cluster.h"

#include <algorithm>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/reconcile/child_kinds.h"

namespace disagg::reconcile {
namespace {

using planning::Verb;

constexpr char kPodName[] = "m3-decode-r-0-1";

std::string HeaderOf(const transport::Request& request, const std::string& name) {
  for (const auto& [header, value] : request.headers) {
    if (header == name) return value;
  }
  return "";
}

// The object of the cache: a pod of ours that a delete is for.
kube::ObjectPtr CachedPod() {
  auto pod = std::make_shared<kube::Pod>();
  pod->meta.namespace_name = "serving";
  pod->meta.name = kPodName;
  pod->meta.uid = kUid;
  pod->meta.resource_version = "3";
  return pod;
}

}  // namespace

kube::ObjectMeta Owner() {
  kube::ObjectMeta owner;
  owner.namespace_name = "serving";
  owner.name = "m3";
  owner.uid = "owner";
  return owner;
}

std::string PodJson(const std::string& uid, const std::string& controller_uid,
                    const std::string& controller_name, const nlohmann::json& metadata) {
  nlohmann::json pod = {{"apiVersion", "v1"},
                        {"kind", "Pod"},
                        {"metadata",
                         {{"name", kPodName},
                          {"namespace", "serving"},
                          {"uid", uid},
                          {"resourceVersion", "7"},
                          {"labels", {{api::kLabelDeployment, "m3"}}}}}};
  if (!controller_uid.empty()) {
    pod["metadata"]["ownerReferences"] = {{{"apiVersion", api::kApiVersion},
                                           {"kind", api::kDisaggDeployments.kind},
                                           {"name", controller_name},
                                           {"uid", controller_uid},
                                           {"controller", true}}};
  }
  pod["metadata"].merge_patch(metadata);
  return pod.dump();
}

planning::Write WriteOf(Verb verb) {
  planning::Write write;
  write.verb = verb;
  write.stage = verb == Verb::kDryRun ? planning::Stage::kDryRun : planning::Stage::kPods;
  write.resource = kube::kPods;
  write.key = {"serving", kPodName};
  if (verb != Verb::kDelete) {
    write.body = {{"metadata", {{"name", kPodName}, {"labels", {{api::kLabelDeployment, "m3"}}}}}};
  }
  if (verb != Verb::kCreate && verb != Verb::kDryRun) write.uid = kUid;
  write.reason = "test";
  return write;
}

std::string Describe(const transport::Request& request) {
  std::string what(transport::ToString(request.method));
  if (request.target.find("dryRun=All") != std::string::npos) what += " dry";
  if (request.target.find("labelSelector=") != std::string::npos) what = "LIST";
  const std::string type = HeaderOf(request, "Content-Type");
  if (type.find("merge-patch") != std::string::npos) what += " merge";
  if (type.find("apply-patch") != std::string::npos) {
    const bool creates = request.body.find(R"("resourceVersion":"1")") != std::string::npos;
    what += creates ? " first apply" : " apply";
  }
  return what;
}

FakeCluster::Answer NotFound() { return runtime::Refusal(404, "NotFound", "not found"); }

FakeCluster::FakeCluster()
    : transport_(std::make_unique<runtime::FakeTransport>(
          [this](const transport::Request& request) { return Handle(request); })) {
  runtime::ApiClientOptions options;
  options.clock = &clock;
  client_ = std::make_unique<runtime::ApiClient>(*transport_, nullptr, options);
  lost = std::make_unique<LostChildren>(*client_, clock, ChildDecoder);
  payloads = std::make_unique<RevisionPayloads>(*client_, 2);
  freshness_.RegisterStore(kube::kPods, &pods_);
}

void FakeCluster::Shows(const std::string& path_end, Answer answer) {
  std::lock_guard lock(mutex_);
  shows_.insert_or_assign(path_end, std::move(answer));
}

void FakeCluster::Answers(const std::string& what, Answer answer) {
  std::lock_guard lock(mutex_);
  answers_.insert_or_assign(what, std::move(answer));
}

FakeCluster::Answer FakeCluster::Handle(const transport::Request& request) {
  std::lock_guard lock(mutex_);
  const std::string what = Describe(request);
  if (what != "GET") {
    const auto answer = answers_.find(what);
    return answer != answers_.end() ? answer->second : answers_.at("");
  }
  for (const auto& [path_end, answer] : shows_) {
    if (!path_end.empty() && request.target.ends_with(path_end)) return answer;
  }
  const auto answer = shows_.find("");
  return answer != shows_.end() ? answer->second : NotFound();
}

planning::Outcome FakeCluster::Execute(std::vector<planning::Write> writes,
                                       const kube::ObjectMeta& owner) {
  plan_ = {};
  plan_.writes = std::move(writes);
  return Executor(*client_, freshness_, {*lost, backoff, *payloads, accepted})
      .Execute(plan_, owner);
}

std::string FakeCluster::Try(const planning::Write& write) {
  pods_.Replace({CachedPod()}, "3");
  const planning::Outcome outcome = Execute({write});
  if (!outcome.refusal.empty()) return "refused";
  if (!outcome.failed.empty()) return "failed " + outcome.failed.front().error->reason;
  // What was written is waited for; of what is gone, the event that says so.
  pods_.Bookmark("999");
  const bool waits_for_event = !freshness_.IsFresh(Owner().uid, nullptr);
  freshness_.Forget(Owner().uid);
  return waits_for_event ? "gone" : "done";
}

std::vector<std::string> FakeCluster::Requests() const {
  std::vector<std::string> described;
  for (const auto& request : transport_->requests()) described.push_back(Describe(request));
  return described;
}

std::size_t FakeCluster::CountOf(const std::string& what) const {
  const auto requests = Requests();
  return static_cast<std::size_t>(std::count(requests.begin(), requests.end(), what));
}

}  // namespace disagg::reconcile
