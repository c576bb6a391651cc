#include "operator/kube/resource.h"

#include <gtest/gtest.h>

namespace kube {
namespace {

TEST(Path, FollowsGroupScopeNameAndSubresource) {
  EXPECT_EQ(Path(kPods, "serving"), "/api/v1/namespaces/serving/pods");
  EXPECT_EQ(Path(kPods, "serving", "m3-0"), "/api/v1/namespaces/serving/pods/m3-0");
  EXPECT_EQ(Path(kPods, "serving", "m3-0", "status"),
            "/api/v1/namespaces/serving/pods/m3-0/status");
  EXPECT_EQ(Path(kPods, ""), "/api/v1/pods") << "across all namespaces";
  EXPECT_EQ(Path(kNodes, "ignored", "b200-3"), "/api/v1/nodes/b200-3") << "no namespace";
  EXPECT_EQ(Path(kControllerRevisions, "serving"),
            "/apis/apps/v1/namespaces/serving/controllerrevisions");
  EXPECT_EQ(Path(kLeases, "a", "b"), "/apis/coordination.k8s.io/v1/namespaces/a/leases/b");
}

TEST(Path, NamesCannotLeaveTheirPlace) {
  EXPECT_EQ(Path(kPods, "a/b", "../x?y#z"), "/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy%23z");
  // RBAC names may hold a colon.
  EXPECT_EQ(Path(kRoleBindings, "a", "system:x"),
            "/apis/rbac.authorization.k8s.io/v1/namespaces/a/rolebindings/system%3Ax");
}

TEST(EncodeQuery, LeavesOnlyUnreservedCharacters) {
  EXPECT_EQ(EncodeQuery("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(EncodeQuery("disagg.dev/role in (a,b)&x=\xC3\xA4"),
            "disagg.dev%2Frole%20in%20%28a%2Cb%29%26x%3D%C3%A4");
}

TEST(Resource, HasTheNamesThatPeopleKnow) {
  EXPECT_EQ(kPods.ToString(), "pods");
  EXPECT_EQ(kControllerRevisions.ToString(), "controllerrevisions.apps");
  EXPECT_EQ(kPods.ApiVersion(), "v1");
  EXPECT_EQ(kControllerRevisions.ApiVersion(), "apps/v1");
}

}  // namespace
}  // namespace kube
