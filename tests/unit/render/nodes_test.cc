// A replica over several nodes: which pods it is, and how each differs from that of one node.

#include <gmock/gmock.h>

#include "tests/unit/render/fixture.h"

namespace disagg::render {
namespace {

using api::RoleName;
using nlohmann::json;
using testing::ElementsAre;

constexpr const char* kProbes[] = {"startupProbe", "readinessProbe", "livenessProbe"};

json PodsOf(const Fixture& seed) { return seed.Make().rendered["roles"]["decode"]["pods"]; }

Fixture Over(const api::Parallelism& widths) {
  Fixture seed = Seed();
  seed.decode().parallelism = widths;
  return seed;
}

// "leader x 1, follower x 11"
std::string Kinds(const json& pods) {
  std::string text;
  for (const json& entry : pods) {
    text += (text.empty() ? "" : ", ") + entry["kind"].get<std::string>() + " x " +
            entry["count"].dump();
  }
  return text;
}

std::vector<std::string> PortsOf(const json& pod) {
  std::vector<std::string> ports;
  for (const json& port : ContainerOf(pod).value("ports", json::array())) {
    ports.push_back(port["name"].get<std::string>() + ":" + port["containerPort"].dump());
  }
  return ports;
}

TEST(Nodes, KindsAndCounts) {
  struct Row {
    const char* sentence;
    api::Parallelism widths;
    const char* kinds;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"part of a node", {.tensor = 4}, "rank x 1"},
           {"a node", {.tensor = 8}, "rank x 1"},
           {"a node of data-parallel ranks", {.data = 8}, "rank x 1"},
           {"tensor parallelism over two", {.tensor = 16}, "leader x 1, follower x 1"},
           {"stages on twelve", {.tensor = 8, .pipeline = 12}, "leader x 1, follower x 11"},
           {"data parallelism over two", {.tensor = 2, .data = 8}, "rank x 2"},
           {"data parallelism over twelve", {.data = 96, .expert = 96}, "rank x 12"}}) {
    for (const auto engine : {api::EngineType::kVllm, api::EngineType::kMocker}) {
      Fixture seed = Over(row.widths);
      seed.deployment.spec.engine = engine;
      EXPECT_EQ(Kinds(PodsOf(seed)), row.kinds) << row.sentence;
    }
  }
}

TEST(Nodes, AreInTheInputsOnlyWhereTheyAreMany) {
  const auto nodes = [](const Fixture& seed) {
    return seed.Make().inputs["roles"]["decode"]["resolved"]["accelerator"].value("nodes", 0);
  };
  EXPECT_EQ(nodes(Seed()), 0);
  EXPECT_EQ(nodes(Over({.tensor = 16})), 2);
}

TEST(Nodes, OfAnotherSizeMakeAnotherReplicaOfTheSameWidths) {
  Fixture seed = Over({.tensor = 8});
  const std::string before = seed.Make().identity.roles.at(RoleName::kDecode).revision;
  seed.accelerator.gpus_per_node = 4;
  EXPECT_EQ(Kinds(PodsOf(seed)), "leader x 1, follower x 1");
  EXPECT_NE(seed.Make().identity.roles.at(RoleName::kDecode).revision, before);
}

TEST(Nodes, PodsHaveTheResourcesOfOne) {
  Fixture seed = Over({.tensor = 8, .pipeline = 12});
  seed.accelerator.whole_node_env = {{"NCCL_IB_HCA", "mlx5_0", ""}};
  for (const json& entry : PodsOf(seed)) {
    const json& pod = entry["template"];
    EXPECT_EQ(
        ContainerOf(pod)["resources"]["limits"],
        (json{{"cpu", "96"}, {"memory", "960Gi"}, {"nvidia.com/gpu", "8"}, {"rdma/ib", "8"}}));
    EXPECT_EQ(EnvOf(pod, "NCCL_IB_HCA"), "mlx5_0");
    EXPECT_EQ(pod["spec"]["restartPolicy"], "Never");
    EXPECT_EQ(pod["spec"]["volumes"][2]["emptyDir"],
              (json{{"medium", "Memory"}, {"sizeLimit", "64Gi"}}));
  }
  EXPECT_EQ(Seed().Worker(RoleName::kDecode)["spec"]["restartPolicy"], "Always");
}

TEST(Nodes, TalkByRdmaWhateverCarriesKvBlocks) {
  Fixture seed = Over({.tensor = 16});
  seed.deployment.spec.kv_backend = api::KvBackend::kTcp;
  const json pod = PodsOf(seed)[1]["template"];
  EXPECT_EQ(ContainerOf(pod)["resources"]["limits"]["rdma/ib"], "8");
  EXPECT_EQ(ContainerOf(pod)["securityContext"]["capabilities"]["add"], json::array({"IPC_LOCK"}));
  EXPECT_EQ(EnvOf(pod, "UCX_TLS"), "tcp,cuda_copy,cuda_ipc,sm,self");
  seed.Aggregate();
  EXPECT_EQ(ContainerOf(seed.Worker(RoleName::kAggregated))["resources"]["limits"]["rdma/ib"], "8");
  seed.accelerator.rdma.reset();
  EXPECT_FALSE(
      ContainerOf(seed.Worker(RoleName::kAggregated))["resources"]["limits"].contains("rdma/ib"));
}

TEST(Nodes, OfVllmAreOneEngineOfALeaderAndHeadlessFollowers) {
  const json pods = PodsOf(Over({.tensor = 8, .pipeline = 12}));
  for (const json& entry : pods) {
    const json& pod = entry["template"];
    EXPECT_EQ(FlagOf(pod, "--tensor-parallel-size"), "8");
    EXPECT_EQ(FlagOf(pod, "--pipeline-parallel-size"), "12");
    EXPECT_EQ(FlagOf(pod, "--master-addr"), "$(DISAGG_LEADER_ADDRESS)");
    EXPECT_EQ(FlagOf(pod, "--nnodes"), "12");
    EXPECT_EQ(FlagOf(pod, "--node-rank"), "$(DISAGG_RANK)");
    EXPECT_EQ(FlagOf(pod, "--data-parallel-address"), "<none>");
    EXPECT_EQ(FlagOf(pod, "--max-num-seqs"), "512");
    EXPECT_FALSE(pod.contains("steps"));
  }
  EXPECT_EQ(FlagOf(pods[0]["template"], "--headless"), "<none>");
  EXPECT_EQ(FlagOf(pods[1]["template"], "--headless"), "");
}

TEST(Nodes, OfVllmShareOutDataParallelRanks) {
  const json pods = PodsOf(Over({.tensor = 2, .data = 48, .expert = 96}));
  const json& pod = pods[0]["template"];
  EXPECT_EQ(FlagOf(pod, "--data-parallel-size"), "48");
  EXPECT_EQ(FlagOf(pod, "--data-parallel-size-local"), "4");
  EXPECT_EQ(FlagOf(pod, "--data-parallel-start-rank"), "$(DISAGG_DATA_START_RANK)");
  EXPECT_EQ(FlagOf(pod, "--data-parallel-address"), "$(DISAGG_LEADER_ADDRESS)");
  EXPECT_EQ(FlagOf(pod, "--data-parallel-rpc-port"), "8400");
  EXPECT_EQ(FlagOf(pod, "--data-parallel-hybrid-lb"), "");
  EXPECT_EQ(FlagOf(pod, "--enable-expert-parallel"), "");
  EXPECT_EQ(FlagOf(pod, "--nnodes"), "<none>");
  EXPECT_EQ(pod["steps"], (json{{"DISAGG_DATA_START_RANK", 4}}));
  EXPECT_THAT(PortsOf(pod), ElementsAre("system:9090", "rpc:9091", "dp-rpc:8400", "nixl:5600"));
  EXPECT_EQ(pod["metadata"]["labels"]["disagg.dev/discovery"], "enabled");
  for (const char* probe : kProbes) EXPECT_TRUE(ContainerOf(pod).contains(probe)) << probe;
}

TEST(Nodes, FollowersServeNothing) {
  for (const auto engine : {api::EngineType::kVllm, api::EngineType::kMocker}) {
    Fixture seed = Over({.tensor = 16});
    seed.deployment.spec.engine = engine;
    seed.deployment.spec.drain_seconds = 100;
    seed.decode().pod_template.spec = R"({"containers": [{"name": "engine",
        "livenessProbe": {"periodSeconds": 30}, "workingDir": "/x"}]})";
    const json pods = PodsOf(seed);
    const json& leader = pods[0]["template"];
    const json& follower = pods[1]["template"];
    EXPECT_EQ(leader["metadata"]["labels"]["disagg.dev/discovery"], "enabled");
    EXPECT_EQ(leader["metadata"]["labels"]["llm-d.ai/role"], "decode");
    EXPECT_EQ(ContainerOf(leader)["livenessProbe"]["periodSeconds"], 30);
    for (const char* label : {"disagg.dev/discovery", "llm-d.ai/role", "llm-d.ai/model"}) {
      EXPECT_FALSE(follower["metadata"]["labels"].contains(label)) << label;
    }
    EXPECT_EQ(follower["metadata"]["labels"]["disagg.dev/role"], "decode");
    for (const char* probe : kProbes) {
      EXPECT_TRUE(ContainerOf(leader).contains(probe)) << probe;
      EXPECT_FALSE(ContainerOf(follower).contains(probe)) << probe;
    }
    EXPECT_FALSE(ContainerOf(follower).contains("lifecycle"));
    EXPECT_EQ(ContainerOf(follower)["workingDir"], "/x");
    EXPECT_THAT(PortsOf(follower), ElementsAre());
    EXPECT_EQ(EnvOf(follower, "DYN_SYSTEM_PORT"), "<none>");
    EXPECT_EQ(EnvOf(follower, "HF_HUB_OFFLINE"), "1");
    EXPECT_EQ(follower["spec"]["terminationGracePeriodSeconds"],
              leader["spec"]["terminationGracePeriodSeconds"]);
  }
}

TEST(Nodes, OfTheMockerSimulateTheirOwnRanksOrWait) {
  Fixture seed = Over({.tensor = 2, .data = 8, .expert = 16});
  seed.deployment.spec.engine = api::EngineType::kMocker;
  const json ranks = PodsOf(seed);
  EXPECT_EQ(FlagOf(ranks[0]["template"], "--data-parallel-size"), "4");
  EXPECT_FALSE(ranks[0]["template"].contains("steps"));

  seed.decode().parallelism = {.tensor = 16};
  const json pods = PodsOf(seed);
  EXPECT_EQ(ContainerOf(pods[0]["template"])["command"], json({"python3", "-m", "dynamo.mocker"}));
  EXPECT_EQ(FlagOf(pods[0]["template"], "--max-num-seqs"), "512");
  const json& waiting = ContainerOf(pods[1]["template"]);
  EXPECT_EQ(waiting["command"][1], "-c");
  EXPECT_FALSE(waiting.contains("args"));
}

TEST(Nodes, NoRankHasAPortToCountFrom) {
  Fixture seed = Over({.tensor = 16});
  seed.accelerator.env.push_back({"VLLM_PORT", "20000", ""});
  seed.decode().env_from = {R"({"secretRef":{"name":"anything"}})"};
  for (const json& entry : PodsOf(seed)) {
    EXPECT_EQ(EnvOf(entry["template"], "VLLM_PORT"), "<none>");
    const std::vector<std::string> command = ContainerOf(entry["template"])["command"];
    EXPECT_THAT(command, testing::Contains("VLLM_PORT"));
    // Set by RenderPod, and arguments refer to it.
    EXPECT_THAT(command, testing::Not(testing::Contains("DISAGG_RANK")));
  }
  seed.decode().parallelism = {.tensor = 8};
  EXPECT_EQ(EnvOf(seed.Worker(RoleName::kDecode), "VLLM_PORT"), "20000");
}

TEST(Nodes, EveryPodIsToldItsPlace) {
  const Fixture seed = Over({.tensor = 2, .data = 48, .expert = 96});
  const Revision revision = seed.Make();
  const RoleIdentity& decode = revision.identity.roles.at(RoleName::kDecode);
  EXPECT_EQ(decode.ranks, 12);
  EXPECT_EQ(decode.registering, 12);
  const json pod =
      RenderPod(seed.deployment, revision.identity, revision.Template(RoleName::kDecode, 11),
                {.role = RoleName::kDecode, .rank = 11, .ranks = 12}, {});
  EXPECT_EQ(EnvOf(pod, "DISAGG_RANK"), "11");
  EXPECT_EQ(EnvOf(pod, "DISAGG_DATA_START_RANK"), "44");
  EXPECT_FALSE(pod.contains("steps"));
}

}  // namespace
}  // namespace disagg::render
