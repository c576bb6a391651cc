#include "controllers/reconcile/revision_payloads.h"

#include <gtest/gtest.h>

#include "controllers/api/labels.h"
#include "tests/unit/planning/builders.h"
#include "tests/unit/reconcile/fake_cluster.h"

namespace disagg::reconcile {
namespace {

using nlohmann::json;

const kube::ObjectKey kKey{"serving", "m3-r"};

json Stored() {
  const planning::Snapshot seed = planning::SnapshotOf(planning::DeploymentBuilder());
  const api::DisaggDeployment& deployment = *seed.deployment;
  const auto resolution = api::Resolve(deployment, seed.catalogue, {});
  return render::ToControllerRevision(render::MakeRevision(deployment, resolution, nullptr, {}, 1),
                                      deployment);
}

json WithoutRoles() {
  json stored = Stored();
  stored["metadata"]["annotations"].erase(api::kAnnotationRoles);
  return stored;
}

TEST(RevisionPayloads, AreReadWhereNoWholeOneIsKept) {
  struct Case {
    const char* sentence;
    std::vector<json> kept;
    json shown;
    std::size_t reads;
    bool found;
  };
  const json whole = Stored(), damaged = WithoutRoles();
  for (const Case& c : {
           Case{"one that nobody kept is read once", {}, whole, 1, true},
           Case{"the answer to its creation is as good as a GET", {whole}, damaged, 0, true},
           Case{"what admission made incomplete is read again", {damaged}, whole, 1, true},
           Case{"and is damaged as long as it is", {damaged}, damaged, 2, false},
           Case{"a later answer takes the place of an earlier one", {damaged, whole}, {}, 0, true},
       }) {
    FakeCluster cluster;
    cluster.Shows(kKey.name, runtime::Json(200, [&] {
                    json object = c.shown;
                    object["metadata"]["name"] = kKey.name;
                    object["metadata"]["uid"] = kUid;
                    return object.dump();
                  }()));
    for (const json& answer : c.kept) cluster.payloads->Keep(kUid, answer.dump());
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(cluster.payloads->Get(kUid, kKey).ok(), c.found) << c.sentence;
    }
    EXPECT_EQ(cluster.CountOf("GET"), c.reads) << c.sentence;
  }
}

TEST(RevisionPayloads, ForgetWhatWasUsedLongestAgo) {
  FakeCluster cluster;
  for (const char* uid : {"u-1", "u-2"}) cluster.payloads->Keep(uid, Stored().dump());
  EXPECT_TRUE(cluster.payloads->Get("u-1", kKey));
  cluster.payloads->Keep("u-3", Stored().dump());
  EXPECT_TRUE(cluster.payloads->Get("u-1", kKey));
  EXPECT_FALSE(cluster.payloads->Get("u-2", kKey)) << "it has to be read, and is not there";
}

}  // namespace
}  // namespace disagg::reconcile
