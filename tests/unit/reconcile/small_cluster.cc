#include "tests/unit/reconcile/small_cluster.h"

#include <algorithm>
#include <utility>

#include "controllers/api/labels.h"
#include "controllers/reconcile/caches.h"
#include "controllers/reconcile/child_kinds.h"
#include "operator/kube/list_decoder.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr milliseconds kTick{100};
// Passes that one key may ask for within a tick.
constexpr int kMostPasses = 20;

const std::vector<kube::Resource>& Kinds() {
  static const std::vector<kube::Resource> kinds{kube::kPods,
                                                 kube::kServices,
                                                 kube::kServiceAccounts,
                                                 kube::kRoleBindings,
                                                 kube::kControllerRevisions,
                                                 kube::kPodDisruptionBudgets};
  return kinds;
}

const kube::Resource& KindOf(const std::string& path) {
  for (const kube::Resource& kind : Kinds()) {
    if (path.find("/" + kind.plural) != std::string::npos) return kind;
  }
  return Kinds().front();
}

std::string PathOf(const std::string& target) { return target.substr(0, target.find('?')); }

kube::ObjectPtr Decode(const kube::Resource& kind, const json& object) {
  const json page = {{"metadata", {{"resourceVersion", "1"}}}, {"items", {object}}};
  return kube::DecodeList(page.dump(), ChildDecoder(kind)).value().items.front();
}

}  // namespace

SmallCluster::SmallCluster()
    : FakeManager([this](const transport::Request& request) { return Handle(request); }) {
  domain_ = Register(*this, clock_, {});
  for (auto& [resource, store] : stores_) store->Replace({}, "1");
  const planning::Snapshot seed = planning::SnapshotOf(deployment_);
  for (const auto& model : seed.catalogue.models) {
    StoreOf(api::kServingModels).Upsert(model, "1");
  }
  for (const auto& shape : seed.catalogue.classes) {
    StoreOf(api::kAcceleratorClasses).Upsert(shape, "1");
  }
  Spec(deployment_);
}

void SmallCluster::Break(Fault fault) {
  std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

void SmallCluster::LoseAnswers(Loss loss) {
  std::lock_guard lock(mutex_);
  loss_ = std::move(loss);
}

void SmallCluster::Mutate(Mutation mutation) {
  std::lock_guard lock(mutex_);
  mutation_ = std::move(mutation);
}

void SmallCluster::Spec(const planning::DeploymentBuilder& deployment) {
  deployment_ = deployment;
  if (!status_.is_null()) deployment_.Status(status_);
  ShowDeployment();
}

void SmallCluster::Patch(const std::string& path, const json& patch) {
  std::lock_guard lock(mutex_);
  json object = objects_.at(path);
  object.merge_patch(patch);
  Store(path, std::move(object));
}

void SmallCluster::Delete(const std::string& path) {
  std::lock_guard lock(mutex_);
  objects_.erase(path);
  Show(path);
}

void SmallCluster::StopWatch(const kube::Resource& kind) {
  const std::lock_guard lock(mutex_);
  unwatched_.insert(kind.ToString());
}

void SmallCluster::Lead() { lead_(); }

int SmallCluster::Play(milliseconds time, milliseconds event_every) {
  const int before = requests_;
  milliseconds since_event{0};
  for (milliseconds passed{0}; passed < time; passed += kTick) {
    since_event += kTick;
    if (since_event >= event_every) {
      since_event = milliseconds(0);
      workers_.front().controller->queue().Add(deployment_.Build()->meta.key());
    }
    for (Worker& worker : workers_) Work(worker);
    clock_.Advance(kTick);
  }
  return requests_ - before;
}

void SmallCluster::Work(Worker& worker) {
  runtime::WorkQueue& queue = worker.controller->queue();
  for (int i = 0; i < kMostPasses; ++i) {
    const auto key = queue.TryTake();
    if (!key) return;
    const runtime::ReconcileResult next = worker.reconcile(*key);
    queue.Done(*key);
    if (next.requeue_after) {
      queue.AddAfter(*key, *next.requeue_after);
    } else if (next.retry) {
      queue.AddRateLimited(*key);
    } else if (next.stale) {
      queue.AddAfter(*key, kTick);
    }
  }
}

std::vector<std::string> SmallCluster::Pods() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, object] : objects_) {
    if (KindOf(path) == kube::kPods) paths.push_back(path);
  }
  return paths;
}

json SmallCluster::Object(const std::string& path) const {
  std::lock_guard lock(mutex_);
  const auto found = objects_.find(path);
  return found == objects_.end() ? json() : found->second;
}

SmallCluster::Answer SmallCluster::Handle(const transport::Request& request) {
  std::lock_guard lock(mutex_);
  ++requests_;
  if (fault_) {
    if (auto answer = fault_(request)) return *answer;
  }
  Answer answer = CarryOut(request);
  if (loss_ && loss_(request)) return runtime::Refusal(504, "Timeout", "etcdserver: timed out");
  return answer;
}

SmallCluster::Answer SmallCluster::CarryOut(const transport::Request& request) {
  const std::string path = PathOf(request.target);
  if (request.target.find("labelSelector=") != std::string::npos) return List(path);
  if (request.method != transport::Method::kGet) return Write(request, path);
  const kube::ObjectMeta deployment = deployment_.Value().meta;
  if (path.ends_with("/" + api::kDisaggDeployments.plural + "/" + deployment.name)) {
    const json live = {{"metadata", {{"name", deployment.name}, {"uid", deployment.uid}}}};
    return runtime::Json(200, live.dump());
  }
  const auto found = objects_.find(path);
  return found != objects_.end() ? runtime::Json(200, found->second.dump())
                                 : runtime::Refusal(404, "NotFound", "not found");
}

SmallCluster::Answer SmallCluster::List(const std::string& path) const {
  json items = json::array();
  const std::string collection = path.substr(path.rfind('/'));
  for (const auto& [name, object] : objects_) {
    const bool labelled = object["metadata"]["labels"].contains(api::kLabelDeployment);
    if (!labelled && name.find(collection + "/") != std::string::npos) items.push_back(object);
  }
  const json page = {{"metadata", {{"resourceVersion", "1"}}}, {"items", items}};
  return runtime::Json(200, page.dump());
}

SmallCluster::Answer SmallCluster::Write(const transport::Request& request,
                                         const std::string& path) {
  if (path.ends_with("/status")) {
    WriteStatus(request.body);
    return runtime::Json(
        200, R"({"metadata":{"uid":"u","resourceVersion":")" + std::to_string(version_) + "\"}}");
  }
  if (request.method == transport::Method::kDelete) {
    if (!objects_.contains(path)) return runtime::Refusal(404, "NotFound", "not found");
    objects_.erase(path);
    Show(path);
    return runtime::Json(200, R"({"kind":"Status","status":"Success"})");
  }
  json body = json::parse(request.body);
  const bool create = request.method == transport::Method::kPost;
  const std::string name =
      create ? path + "/" + body.at("metadata").at("name").get<std::string>() : path;
  const bool versioned = body.at("metadata").erase("resourceVersion") > 0;
  if (versioned && objects_.contains(name)) return runtime::Refusal(409, "Conflict", "modified");
  if (create && objects_.contains(name)) return runtime::Refusal(409, "AlreadyExists", "exists");
  if (request.target.find("dryRun=All") != std::string::npos) {
    return runtime::Json(201, body.dump());
  }
  json object = objects_.contains(name) ? objects_.at(name) : json::object();
  object.merge_patch(body);
  if (mutation_) mutation_(object);
  Store(name, std::move(object));
  return runtime::Json(create ? 201 : 200, objects_.at(name).dump());
}

void SmallCluster::Store(const std::string& path, json object) {
  json& metadata = object["metadata"];
  if (!metadata.contains("uid")) {
    metadata["uid"] = "u-" + std::to_string(version_);
    metadata["creationTimestamp"] = base::FormatTime(
        std::chrono::floor<std::chrono::seconds>(clock_.Now()).time_since_epoch().count());
  }
  metadata["namespace"] = "serving";
  metadata["resourceVersion"] = std::to_string(++version_);
  objects_[path] = std::move(object);
  Show(path);
}

// Brings the cache up to date, as a watch with a selector would.
void SmallCluster::Show(const std::string& path) {
  const kube::Resource& kind = KindOf(path);
  if (unwatched_.contains(kind.ToString())) return;
  runtime::ObjectStore& store = StoreOf(kind);
  const auto object = objects_.find(path);
  const std::string version = std::to_string(version_);
  if (object != objects_.end() &&
      object->second["metadata"]["labels"].contains(api::kLabelDeployment)) {
    store.Upsert(Decode(kind, object->second), version);
  } else {
    store.Remove({"serving", path.substr(path.rfind('/') + 1)}, version);
  }
}

void SmallCluster::WriteStatus(const std::string& body) {
  status_ = json::parse(body).at("status");
  deployment_.Status(status_);
  ShowDeployment();
}

void SmallCluster::ShowDeployment() {
  auto deployment = std::make_shared<api::DisaggDeployment>(deployment_.Value());
  deployment->meta.resource_version = std::to_string(++version_);
  StoreOf(api::kDisaggDeployments).Upsert(deployment, deployment->meta.resource_version);
}

}  // namespace disagg::reconcile
