#include <gtest/gtest.h>

#include "controllers/api/validation.h"
#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

TEST(ValidateWidths, Table) {
  ExpectMessages({
      {"TP8", R"({"spec": {"decode": {"parallelism": {"tensor": 8, "data": 1, "expert": 1}}}})",
       ""},
      {"TEP8", R"({"spec": {"decode": {"parallelism": {"tensor": 8, "data": 1, "expert": 8}}}})",
       ""},
      {"DP8 without expert parallelism", R"({"spec": {"decode": {"parallelism": {"expert": 1}}}})",
       ""},
      {"pipeline stages", R"({"spec": {"decode": {"parallelism":
         {"tensor": 4, "pipeline": 2, "data": 1, "expert": 4}}}})",
       ""},
      {"experts over half of the GPUs", R"({"spec": {"decode": {"parallelism": {"expert": 4}}}})",
       R"(spec.decode.parallelism.expert "4": vllm spreads experts over tensor x data = 1 x 8 )"
       R"(GPUs )"
       "or not at all; write 8, or remove it"},
      {"experts over more than the GPUs",
       R"({"spec": {"prefill": {"parallelism": {"expert": 16}}}})",
       R"(spec.prefill.parallelism.expert "16": vllm spreads experts over tensor x data = 1 x 2 )"
       R"(GPUs )"
       "or not at all; write 2, or remove it"},
      {"prefill context parallelism", R"({"spec": {"prefill": {"parallelism": {"context": 2}}}})",
       R"(spec.prefill.parallelism.context "2": vllm has no prefill context parallelism; remove )"
       R"(it, )"
       "or use tensor or data"},
      {"decode context parallelism within the tensor group", R"({"spec": {"decode": {"parallelism":
         {"tensor": 8, "data": 1, "expert": 1, "decodeContext": 4}}}})",
       ""},
      {"a decode context that does not divide it", R"({"spec": {"decode": {"parallelism":
         {"tensor": 8, "data": 1, "expert": 1, "decodeContext": 3}}}})",
       R"(spec.decode.parallelism.decodeContext "3": does not divide tensor = 8; it splits the )"
       "tensor-parallel group; choose a divisor of tensor"},
      {"a decode context without a tensor group",
       R"({"spec": {"decode": {"parallelism": {"decodeContext": 2}}}})",
       R"(spec.decode.parallelism.decodeContext "2": does not divide tensor = 1; it splits the )"
       "tensor-parallel group; choose a divisor of tensor"},
      {"a width of none", R"({"spec": {"decode": {"parallelism": {"tensor": 0}}}})",
       R"(spec.decode.parallelism.tensor "0": must be from 1 to 1024; 1 is off)"},
      {"less than none", R"({"spec": {"decode": {"parallelism": {"decodeContext": -1}}}})",
       R"(spec.decode.parallelism.decodeContext "-1": must be from 1 to 1024; 1 is off)"},
      {"the mocker takes what it stands in for", R"({"spec": {"engine": {"type": "mocker", "args":
         {"trust-remote-code": null}}, "decode": {"parallelism": {"tensor": 2, "data": 4}}}})",
       ""},
      {"the mocker has no context parallelism either",
       R"({"spec": {"engine": {"type": "mocker"}, "prefill": {"parallelism": {"context": 2}}}})",
       R"(spec.prefill.parallelism.context "2": mocker has no prefill context parallelism; )"
       R"(remove it, )"
       "or use tensor or data"},
  });
}

TEST(ValidateGpus, Table) {
  ExpectMessages({
      {"a whole node", R"({"spec": {"decode": {"parallelism": {"data": 8}}}})", ""},
      {"a node and a half", R"({"spec": {"decode": {"parallelism": {"data": 12, "expert": 12}}}})",
       "spec.decode.parallelism: needs tensor x pipeline x data x context = 1 x 1 x 12 x 1 = 12 "
       "GPUs; a b200 node has 8, and a replica larger than a node takes whole nodes; choose widths "
       "of 8 or 16 GPUs"},
      {"pipeline stages count", R"({"spec": {"decode": {"parallelism":
         {"tensor": 4, "pipeline": 3, "data": 1, "expert": 1}}}})",
       "spec.decode.parallelism: needs tensor x pipeline x data x context = 4 x 3 x 1 x 1 = 12 "
       "GPUs; a b200 node has 8, and a replica larger than a node takes whole nodes; choose widths "
       "of 8 or 16 GPUs"},
      {"the class of the role counts",
       R"({"spec": {"decode": {"accelerator": "gb200", "parallelism": {"data": 6, "expert": 6}}}})",
       "spec.decode.parallelism: needs tensor x pipeline x data x context = 1 x 1 x 6 x 1 = 6 "
       "GPUs; a gb200 node has 4, and a replica larger than a node takes whole nodes; choose "
       "widths "
       "of 4 or 8 GPUs"},
      {"two nodes of the role's class", R"({"spec": {"decode": {"accelerator": "gb200"}}})", ""},
      {"tensor parallelism over two nodes",
       R"({"spec": {"decode": {"parallelism": {"tensor": 16, "data": 1, "expert": 1}}}})", ""},
      {"a pipeline stage on each of two nodes", R"({"spec": {"decode": {"parallelism":
         {"tensor": 8, "pipeline": 2, "data": 1, "expert": 1}}}})",
       ""},
      {"a stage and a half on each of two nodes", R"({"spec": {"decode": {"parallelism":
         {"tensor": 6, "pipeline": 4, "data": 1, "expert": 1}}}})",
       ""},
      {"data-parallel ranks over two nodes, four on each",
       R"({"spec": {"decode": {"parallelism": {"tensor": 2, "data": 8, "expert": 16}}}})", ""},
      {"data-parallel ranks of a node over twelve",
       R"({"spec": {"decode": {"parallelism": {"tensor": 8, "data": 12, "expert": 96}}}})", ""},
      {"data-parallel ranks wider than a node",
       R"({"spec": {"decode": {"parallelism": {"tensor": 16, "data": 2, "expert": 1}}}})",
       "spec.decode.parallelism: needs tensor x pipeline x data x context = 16 x 1 x 2 x 1 = 32 "
       "GPUs; a b200 node has 8, and each of its 2 data-parallel ranks, of tensor x pipeline = 16 "
       "x 1 = 16 GPUs, has to lie within a node and fill it with others; choose tensor x pipeline "
       "that divides 8, or write data: 1"},
      {"data-parallel ranks across the border of two nodes",
       R"({"spec": {"decode": {"parallelism": {"tensor": 3, "data": 8, "expert": 1}}}})",
       "spec.decode.parallelism: needs tensor x pipeline x data x context = 3 x 1 x 8 x 1 = 24 "
       "GPUs; a b200 node has 8, and each of its 8 data-parallel ranks, of tensor x pipeline = 3 "
       "x 1 = 3 GPUs, has to lie within a node and fill it with others; choose tensor x pipeline "
       "that divides 8, or write data: 1"},
      {"as many nodes as there can be",
       R"({"spec": {"decode": {"parallelism": {"tensor": 8, "data": 128, "expert": 1}}}})", ""},
      {"more nodes than there can be",
       R"({"spec": {"decode": {"parallelism": {"tensor": 8, "data": 129, "expert": 1}}}})",
       "spec.decode.parallelism: needs tensor x pipeline x data x context = 8 x 1 x 129 x 1 = 1032 "
       "GPUs; a b200 node has 8, and a replica is at most 128 nodes; choose widths of at most 1024 "
       "GPUs, or add replicas"},
      {"the mocker is placed like what it stands in for",
       R"({"spec": {"engine": {"type": "mocker", "args": {"trust-remote-code": null}},
                    "decode": {"parallelism": {"tensor": 12, "data": 1, "expert": 1}}}})",
       "spec.decode.parallelism: needs tensor x pipeline x data x context = 12 x 1 x 1 x 1 = 12 "
       "GPUs; a b200 node has 8, and a replica larger than a node takes whole nodes; choose widths "
       "of 8 or 16 GPUs"},
  });
}

TEST(ValidateGpus, OverNodesNoRankCountsItsPortsFromAVariable) {
  ExpectMessages({
      {"on one node it may",
       R"({"spec": {"decode": {"env": [{"name": "VLLM_PORT", "value": "1"}]}}})", ""},
      {"of a role", R"({"spec": {"decode": {"parallelism": {"data": 16, "expert": 16},
                                            "env": [{"name": "VLLM_PORT", "value": "1"}]}}})",
       R"(spec.decode.env[0].name "VLLM_PORT": must not be set where a replica takes several nodes: )"
       "ranks that count their ports from it take each other's; remove it, or choose widths that "
       "fit a node"},
      {"of all roles", R"({"spec": {"engine": {"env": [{"name": "VLLM_PORT", "value": "1"}]},
           "prefill": {"parallelism": {"data": 16, "expert": 16}},
           "decode": {"parallelism": {"data": 16, "expert": 16}}}})",
       R"(spec.engine.env[0].name "VLLM_PORT": must not be set where a replica takes several nodes: )"
       "ranks that count their ports from it take each other's; remove it, or choose widths that "
       "fit a node"},
      {"of a template", R"({"spec": {"decode": {"parallelism": {"data": 16, "expert": 16},
           "podTemplate": {"spec": {"containers": [{"name": "engine",
               "env": [{"name": "VLLM_PORT", "value": "1"}]}]}}}}})",
       R"(spec.decode.podTemplate.spec.containers[0].env[0].name "VLLM_PORT": must not be set where )"
       "a replica takes several nodes: ranks that count their ports from it take each other's; "
       "remove it, or choose widths that fit a node"},
  });
}

TEST(ValidateGpus, OverNodesSidecarsLeaveThePortWhereRanksMeet) {
  const std::string sidecar = R"("podTemplate": {"spec": {"containers": [{"name": "side",
      "image": "side:1", "ports": [{"containerPort": 8400}]}]}})";
  EXPECT_EQ(Messages(R"({"spec": {"decode": {)" + sidecar + "}}}"), std::vector<std::string>());
  EXPECT_EQ(Messages(R"({"spec": {"decode": {"parallelism": {"data": 16, "expert": 16}, )" +
                     sidecar + "}}}"),
            std::vector<std::string>(
                {R"(spec.decode.podTemplate.spec.containers[0].ports[0].containerPort "8400": is )"
                 R"(the operator's port "dp-rpc" of engine, and containers of a pod share its )"
                 "ports; choose another number"}));
}

TEST(ValidatePrecision, Table) {
  ExpectMessages({
      {"a precision of another model", R"({"spec": {"precision": "fp8"}})",
       R"(spec.precision "fp8": ServingModel minimax-m3-nvfp4 is fp4; write precision: fp4, or )"
       R"(name )"
       "a fp8 model in spec.model.ref"},
      {"a class that cannot compute it",
       R"({"spec": {"accelerator": "h200", "kvTransfer": {"backend": "tcp"},
                    "model": {"ref": "qwen3-32b"}, "precision": "bf16"}})",
       ""},
      {"what no one knows", R"({"spec": {"precision": "int4"}})",
       R"(spec.precision "int4": must be fp4, mxfp4, fp8, bf16 or fp16)"},
      {"none", R"({"spec": {"precision": null}})",
       R"(spec.precision "": must be fp4, mxfp4, fp8, bf16 or fp16)"},
      {"MXFP4 is not NVFP4", R"({"spec": {"precision": "mxfp4"}})",
       R"(spec.precision "mxfp4": ServingModel minimax-m3-nvfp4 is fp4; write precision: fp4, or )"
       "name a mxfp4 model in spec.model.ref"},
  });
}

TEST(ValidatePrecision, RefusesWhatTheClassDoesNotSupport) {
  const auto messages = Messages(R"({"spec": {"prefill": {"accelerator": "h200"},
      "kvTransfer": {"backend": "tcp"}, "model": {"ref": "qwen3-32b"}}})");
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(
      messages[0],
      R"(spec.precision "fp4": ServingModel qwen3-32b is bf16; write precision: bf16, or name a )"
      "fp4 model in spec.model.ref");
  EXPECT_EQ(
      messages[1],
      R"(spec.precision "fp4": AcceleratorClass h200 supports fp8, bf16 and fp16; use a class )"
      "that supports fp4, or a model of another precision");
}

constexpr char kQwenOnH200[] = R"({"spec": {"accelerator": "h200", "precision": "bf16",
    "model": {"ref": "qwen3-32b"}}})";

TEST(ValidateNetwork, Table) {
  ExpectMessages({
      {"RDMA where there is none", kQwenOnH200,
       R"(spec.kvTransfer.backend "rdma": AcceleratorClass h200 has no rdma; write )"
       "kvTransfer.backend: tcp, or use a class with rdma"},
      {"RDMA is the default", R"({"spec": {"accelerator": "h200", "precision": "bf16",
         "kvTransfer": null, "model": {"ref": "qwen3-32b"}}})",
       R"(spec.kvTransfer.backend "rdma": AcceleratorClass h200 has no rdma; write )"
       "kvTransfer.backend: tcp, or use a class with rdma"},
      {"TCP goes everywhere", R"({"spec": {"accelerator": "h200", "precision": "bf16",
         "kvTransfer": {"backend": "tcp"}, "model": {"ref": "qwen3-32b"}}})",
       ""},
      {"aggregated workers transfer nothing", R"({"spec": {"accelerator": "h200",
         "precision": "bf16", "kvTransfer": null, "model": {"ref": "qwen3-32b"}, "prefill": null,
         "decode": null, "aggregated": {"replicas": 1}}})",
       ""},
  });
}

TEST(ValidateClass, PassesOnWhatThePlatformTeamGotWrong) {
  auto type = std::make_shared<AcceleratorClass>(*TestCatalogue().classes[0]);
  type->gpus_per_node = 0;
  type->gpu_resource = "";
  type->rdma->resource_name = "";
  type->memory_per_gpu = "120GB";
  type->env.push_back({"DYN_NAMESPACE", "x", ""});
  const Catalogue catalogue{.models = TestCatalogue().models, .classes = {type}};
  EXPECT_EQ(
      Messages("{}", catalogue),
      std::vector<std::string>(
          {R"(spec.accelerator "b200": AcceleratorClass b200 has no GPUs on a node )"
           "(spec.gpu.perNode); ask the platform team to correct it",
           R"(spec.accelerator "b200": AcceleratorClass b200 does not name its GPU resource )"
           "(spec.gpu.resourceName); ask the platform team to correct it",
           R"(spec.accelerator "b200": AcceleratorClass b200 does not name its RDMA resource )"
           "(spec.rdma.resourceName); ask the platform team to correct it",
           R"(spec.accelerator "b200": AcceleratorClass b200 sets DYN_NAMESPACE in spec.env, which )"
           "is the operator's to set (workers and router find each other by it); ask the platform "
           "team to correct it",
           R"(spec.accelerator "b200": AcceleratorClass b200 has spec.perGPU.memory "120GB", )"
           "which is not a quantity; ask the platform team to correct it"}));
}

}  // namespace
}  // namespace disagg::api::test
