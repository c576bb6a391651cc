#include "controllers/render/pod_template.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "controllers/api/reserved_pod.h"
#include "tests/unit/render/fixture.h"

namespace disagg::render {
namespace {

using api::RoleName;
using nlohmann::json;

// The spec of a rendered pod, as far as lists go.
json Rendered() {
  return json::parse(R"({"metadata": {"labels": {"a": "1"}, "annotations": {}}, "spec": {
      "containers": [{"name": "engine",
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
        "ports": [{"containerPort": 9090, "name": "system", "protocol": "TCP"}],
        "resources": {"limits": {"cpu": "1"}},
        "securityContext": {"capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"mountPath": "/tmp", "name": "tmp"}]}],
      "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}],
      "tolerations": [{"key": "gpu"}],
      "nodeSelector": {"gpu": "b200"},
      "topologySpreadConstraints": [
        {"topologyKey": "host", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 1}]}})");
}

TEST(LayOver, Table) {
  const struct {
    const char* sentence;
    const char* wanted;
    const char* at;  // JSON pointer into the spec
    const char* value;
  } rows[] = {
      {"objects are merged by field", R"({"nodeSelector": {"pool": "a"}})", "/nodeSelector",
       R"({"gpu": "b200", "pool": "a"})"},
      {"lists without a key are replaced", R"({"tolerations": [{"operator": "Exists"}]})",
       "/tolerations", R"([{"operator": "Exists"}])"},
      {"also by an empty one", R"({"tolerations": []})", "/tolerations", "[]"},
      {"containers by name", R"({"containers": [{"name": "engine", "tty": true}]})",
       "/containers/0/tty", "true"},
      {"others come behind ours, in their order",
       R"({"containers": [{"name": "b"}, {"name": "a"}, {"name": "engine"}]})", "/containers/1",
       R"({"name": "b"})"},
      {"init containers", R"({"initContainers": [{"name": "engine"}]})", "/initContainers",
       R"([{"name": "engine"}])"},
      {"resources by name",
       R"({"containers": [{"name": "engine", "resources": {"limits": {"a/b": 1}}}]})",
       "/containers/0/resources/limits", R"({"a/b": 1, "cpu": "1"})"},
      {"a variable as a whole",
       R"({"containers": [{"name": "engine", "env": [{"name": "A", "valueFrom": {"x": 1}}]}]})",
       "/containers/0/env",
       R"([{"name": "A", "valueFrom": {"x": 1}}, {"name": "B", "value": "2"}])"},
      {"a variable that another refers to comes first",
       R"-({"containers": [{"name": "engine", "env": [{"name": "A", "value": "$(C)"},
           {"name": "C", "value": "3"}]}]})-",
       "/containers/0/env",
       R"-([{"name": "C", "value": "3"}, {"name": "A", "value": "$(C)"},
           {"name": "B", "value": "2"}])-"},
      {"ports by number and protocol, which is TCP where none is named",
       R"({"containers": [{"name": "engine", "ports": [{"containerPort": 9090, "hostPort": 1},
           {"containerPort": 9090, "protocol": "UDP"}]}]})",
       "/containers/0/ports",
       R"([{"containerPort": 9090, "hostPort": 1, "name": "system", "protocol": "TCP"},
           {"containerPort": 9090, "protocol": "UDP"}])"},
      {"mounts by path",
       R"({"containers": [{"name": "engine", "volumeMounts": [{"mountPath": "/tmp", "name": "a"},
           {"mountPath": "/a", "name": "a"}]}]})",
       "/containers/0/volumeMounts",
       R"([{"mountPath": "/tmp", "name": "a"}, {"mountPath": "/a", "name": "a"}])"},
      {"a volume as a whole, or two sources would come together",
       R"({"volumes": [{"name": "tmp", "ephemeral": {}}]})", "/volumes",
       R"([{"name": "tmp", "ephemeral": {}}])"},
      {"spread by key and by what happens where it cannot be",
       R"({"topologySpreadConstraints": [
           {"topologyKey": "host", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 2},
           {"topologyKey": "host", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 9}]})",
       "/topologySpreadConstraints",
       R"([{"topologyKey": "host", "whenUnsatisfiable": "ScheduleAnyway", "maxSkew": 2},
           {"topologyKey": "host", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 9}])"},
      {"capabilities are a list like others",
       R"({"containers": [{"name": "engine",
           "securityContext": {"capabilities": {"add": ["SYS_NICE"]}}}]})",
       "/containers/0/securityContext/capabilities", R"({"add": ["SYS_NICE"], "drop": ["ALL"]})"},
  };
  for (const auto& row : rows) {
    const json pod = LayOver({.labels = {}, .annotations = {}, .spec = row.wanted}, Rendered());
    EXPECT_EQ(pod["spec"][json::json_pointer(row.at)], json::parse(row.value)) << row.sentence;
  }
}

TEST(LayOver, OfNothingChangesNothing) { EXPECT_EQ(LayOver({}, Rendered()), Rendered()); }

TEST(LayOver, MetadataIsMergedByKey) {
  const json pod =
      LayOver({.labels = {{"b", "2"}}, .annotations = {{"c", "3"}}, .spec = ""}, Rendered());
  EXPECT_EQ(pod["metadata"], json::parse(R"({"labels": {"a": "1", "b": "2"},
                                             "annotations": {"c": "3"}})"));
}

// Whatever is rendered and named elsewhere (probes, Services, mounts) is what templates may not
// set.
TEST(ReservedPod, NamesWhatIsRendered) {
  Fixture seed = Seed();
  seed.deployment.spec.router.args["router-mode"] = Text("kv");
  const Revision revision = seed.Make();
  for (const RoleName role : {RoleName::kPrefill, RoleName::kDecode, RoleName::kRouter}) {
    const json& pod = revision.Template(role);
    EXPECT_EQ(ContainerOf(pod)["name"], json(api::OwnContainer(role)));
    const auto reserved = api::ReservedPorts(role, 8, 1);
    for (const json& port : ContainerOf(pod)["ports"]) {
      EXPECT_TRUE(std::any_of(reserved.begin(), reserved.end(), [&](const auto& entry) {
        return port["name"] == json(entry.name) && port["containerPort"] == entry.first;
      })) << port;
    }
    std::vector<std::string> volumes;
    for (const json& volume : pod["spec"]["volumes"]) volumes.push_back(volume["name"]);
    std::sort(volumes.begin(), volumes.end());
    EXPECT_EQ(volumes, api::OwnVolumes(role));
  }
}

TEST(RenderPod, InheritsWhatItsTemplateDoesNotSay) {
  Fixture seed = Seed();
  seed.decode().pod_template.labels = {{"team", "decode"}};
  const Revision revision = seed.Make();
  seed.deployment.inherited = {
      .labels = {{"team", "all"}, {"cost", "1"}}, .annotations = {{"contact", "a"}}, .bytes = 0};
  const json pod = RenderPod(seed.deployment, revision.identity,
                             revision.Template(RoleName::kDecode), {RoleName::kDecode, 0, 1}, {});
  EXPECT_EQ(pod["metadata"]["labels"]["team"], "decode");
  EXPECT_EQ(pod["metadata"]["labels"]["cost"], "1");
  EXPECT_EQ(pod["metadata"]["annotations"]["contact"], "a");
  EXPECT_EQ(seed.Make(&revision).identity.name, revision.identity.name)
      << "what is inherited is part of no revision";
}

}  // namespace
}  // namespace disagg::render
