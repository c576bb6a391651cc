#include "controllers/api/engine_args.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "controllers/api/program_facts.h"

namespace disagg::api {
namespace {

using Kind = ArgValue::Kind;
using Words = std::vector<std::string>;

ArgValue Flag(bool flag) { return {.kind = Kind::kBool, .flag = flag, .texts = {}}; }
ArgValue Text(const std::string& text) {
  return {.kind = Kind::kString, .flag = false, .texts = {text}};
}

constexpr EngineType kVllm = EngineType::kVllm;
constexpr EngineType kMocker = EngineType::kMocker;

TEST(NormalizeFlag, Table) {
  const struct {
    const char* sentence;
    EngineType engine;
    const char* key;
    const char* flag;
  } cases[] = {
      {"one spelling stays", kVllm, "max-num-seqs", "max-num-seqs"},
      {"underscores are dashes", kVllm, "max_num_seqs", "max-num-seqs"},
      {"short options have long names", kVllm, "tp", "tensor-parallel-size"},
      {"the Python name is the flag's", kVllm, "tensor_parallel_size", "tensor-parallel-size"},
      {"data parallel", kVllm, "dp", "data-parallel-size"},
      {"pipeline parallel", kVllm, "pp", "pipeline-parallel-size"},
      {"expert parallel", kVllm, "ep", "enable-expert-parallel"},
      {"decode context parallel", kVllm, "dcp", "decode-context-parallel-size"},
      {"quantization", kVllm, "q", "quantization"},
      {"a key behind a dot is the engine's own", kVllm, "attention_config.indexer_kv_dtype",
       "attention-config.indexer_kv_dtype"},
      {"a short option takes a key, too", kVllm, "ac.backend", "attention-config.backend"},
      {"leading dashes stay, for the error", kVllm, "--max-num-seqs", "--max-num-seqs"},
      {"case stays", kVllm, "Max-Num-Seqs", "Max-Num-Seqs"},
      {"the mocker has no short options", kMocker, "dp", "dp"},
      {"the mocker's underscores", kMocker, "speedup_ratio", "speedup-ratio"},
      {"nothing is nothing", kVllm, "", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(NormalizeFlag(c.engine, c.key), c.flag) << c.sentence;
  EXPECT_EQ(NormalizeFlag(kDefaultRouter, "router_mode"), "router-mode");
}

TEST(TypedFieldOf, Table) {
  const struct {
    const char* sentence;
    EngineType engine;
    const char* flag;
    const char* field;  // null: free
  } cases[] = {
      {"the model", kVllm, "model", "spec.model.ref"},
      {"its name", kVllm, "served-model-name", "spec.model.servedName"},
      {"tensor width", kVllm, "tensor-parallel-size", "spec.<role>.parallelism.tensor"},
      {"pipeline", kVllm, "pipeline-parallel-size", "spec.<role>.parallelism.pipeline"},
      {"data width", kVllm, "data-parallel-size", "spec.<role>.parallelism.data"},
      {"how ranks are started", kVllm, "data-parallel-hybrid-lb", "spec.<role>.parallelism.data"},
      {"experts", kVllm, "enable-expert-parallel", "spec.<role>.parallelism.expert"},
      {"the negation of a typed flag", kVllm, "no-enable-expert-parallel",
       "spec.<role>.parallelism.expert"},
      {"decode context", kVllm, "decode-context-parallel-size",
       "spec.<role>.parallelism.decodeContext"},
      {"the connector", kVllm, "kv-transfer-config", "spec.kvTransfer"},
      {"a key of the connector's configuration", kVllm, "kv-transfer-config.kv_role",
       "spec.kvTransfer"},
      {"KV events", kVllm, "kv-events-config", "spec.router.args.router-mode"},
      {"the request plane", kVllm, "request-plane", "spec.engine.runtime"},
      {"ports are the operator's", kVllm, "port", "the operator"},
      {"nodes are the operator's", kVllm, "nnodes", "the operator"},
      {"where rank 0 is", kVllm, "master-addr", "the operator"},
      {"and listens", kVllm, "data-parallel-rpc-port", "spec.<role>.parallelism.data"},
      {"that it has no server", kVllm, "headless", "the operator"},
      {"the mocker is tried with vLLM's", kMocker, "nnodes", "the operator"},
      {"batch size is free", kVllm, "max-num-seqs", nullptr},
      {"block size is free", kVllm, "block-size", nullptr},
      {"an unknown flag is free", kVllm, "flag-of-next-year", nullptr},
      {"the mocker's model", kMocker, "model-path", "spec.model.ref"},
      {"the mocker's name for it", kMocker, "model-name", "spec.model.servedName"},
      {"several mockers in one pod", kMocker, "num-workers", "spec.<role>.replicas"},
      {"vLLM's flags stay typed when a spec is tried without GPUs", kMocker, "tensor-parallel-size",
       "spec.<role>.parallelism.tensor"},
      {"the mocker's speed is free", kMocker, "speedup-ratio", nullptr},
  };
  for (const auto& c : cases) {
    const auto field = TypedFieldOf(c.engine, c.flag);
    EXPECT_EQ(field, c.field == nullptr ? std::nullopt : std::optional<std::string>(c.field))
        << c.sentence;
  }
}

TEST(TypedFieldOf, NamesTheRoleForFlagsThatFollowFromIt) {
  EXPECT_TRUE(TypedFieldOf(kVllm, "disaggregation-mode"));
  EXPECT_TRUE(TypedFieldOf(kMocker, "disaggregation-mode"));
}

TEST(TypedFieldOf, OfTheRouter) {
  EXPECT_EQ(TypedFieldOf(kDefaultRouter, "http-port"), "spec.router.service.port");
  EXPECT_EQ(TypedFieldOf(kDefaultRouter, "namespace"), "the operator");
  EXPECT_EQ(TypedFieldOf(kDefaultRouter, "discovery-backend"), "spec.engine.runtime");
  EXPECT_EQ(TypedFieldOf(kDefaultRouter, "no-router-replica-sync"), "spec.router.replicas");
  EXPECT_FALSE(TypedFieldOf(kDefaultRouter, "router-mode"));
  EXPECT_FALSE(TypedFieldOf(kDefaultRouter, "migration-limit"));
}

TEST(IsLocalFlag, Table) {
  const struct {
    const char* sentence;
    EngineType engine;
    const char* flag;
    bool local;
  } cases[] = {
      {"batch size", kVllm, "max-num-seqs", true},
      {"batched tokens", kVllm, "max-num-batched-tokens", true},
      {"eager mode", kVllm, "enforce-eager", true},
      {"graph sizes", kVllm, "max-cudagraph-capture-size", true},
      {"memory share", kVllm, "gpu-memory-utilization", true},
      {"streaming", kVllm, "stream-interval", true},
      {"a negation is as local as its flag", kVllm, "no-enable-prefix-caching", true},
      {"chunked prefill", kVllm, "no-enable-chunked-prefill", true},
      {"autotuning", kVllm, "no-enable-flashinfer-autotune", true},
      {"compilation", kVllm, "compilation-config", true},
      {"a key of the compilation", kVllm, "compilation-config.mode", true},
      {"all-to-all kernels", kVllm, "all2all-backend", true},
      {"KV dtype is shared", kVllm, "kv-cache-dtype", false},
      {"block size is shared", kVllm, "block-size", false},
      {"attention backend is shared", kVllm, "attention-backend", false},
      {"attention configuration is shared", kVllm, "attention-config", false},
      {"speculation is shared", kVllm, "speculative-config", false},
      {"quantisation is shared", kVllm, "quantization", false},
      {"context length is part of the model card", kVllm, "max-model-len", false},
      {"trust is shared", kVllm, "trust-remote-code", false},
      {"an unknown flag is shared, to be safe", kVllm, "flag-of-next-year", false},
      {"speed of the mocker", kMocker, "speedup-ratio", true},
      {"batch size of the mocker", kMocker, "max-num-seqs", true},
      {"block size of the mocker is shared", kMocker, "block-size", false},
      {"engine of the mocker is shared", kMocker, "engine-type", false},
  };
  for (const auto& c : cases) EXPECT_EQ(IsLocalFlag(c.engine, c.flag), c.local) << c.sentence;
}

TEST(FlagTables, HoldNormalisedNamesAndNoFlagTwice) {
  std::vector<const FlagTable*> tables;
  for (const EngineFacts* engine : Engines()) tables.push_back(&engine->flags);
  for (const RouterFacts* router : Routers()) tables.push_back(&router->flags);
  for (const FlagTable* table : tables) {
    std::vector<std::string_view> names(table->local.begin(), table->local.end());
    names.insert(names.end(), table->shared.begin(), table->shared.end());
    for (const TypedFlag& typed : table->typed) names.push_back(typed.flag);
    for (const std::string_view name : names) {
      EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), name.npos) << name;
      EXPECT_FALSE(name.starts_with("no-")) << name;
      EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
    }
    // Else a free flag would be taken for the abbreviation of a typed one.
    for (const std::string_view local : table->local) {
      for (const TypedFlag& typed : table->typed) EXPECT_FALSE(typed.flag.starts_with(local));
    }
    EXPECT_TRUE(std::is_sorted(table->local.begin(), table->local.end()));
    EXPECT_TRUE(std::is_sorted(table->shared.begin(), table->shared.end()));
  }
}

TEST(MergeArgs, TheRoleWins) {
  const Args merged = MergeArgs(kVllm, {{"max_num_seqs", Text("16")}, {"block-size", Text("128")}},
                                {{"max-num-seqs", Text("512")}});
  EXPECT_EQ(merged, Args({{"block-size", Text("128")}, {"max-num-seqs", Text("512")}}));
}

TEST(MergeArgs, FalseTakesAwayWhatIsInherited) {
  const Args merged =
      MergeArgs(kVllm, {{"enforce-eager", Flag(true)}}, {{"enforce_eager", Flag(false)}});
  EXPECT_EQ(ToCommandLine(merged), Words());
}

TEST(MergeArgs, AFlagReplacesItsInheritedOpposite) {
  const Args on{{"enable-prefix-caching", Flag(true)}};
  const Args off{{"no-enable-prefix-caching", Flag(true)}};
  EXPECT_EQ(MergeArgs(kVllm, on, off), off);
  EXPECT_EQ(MergeArgs(kVllm, off, on), on);
}

TEST(MergeArgs, FalseDoesNotTakeAwayTheOpposite) {
  const Args merged = MergeArgs(kVllm, {{"no-enable-prefix-caching", Flag(true)}},
                                {{"enable-prefix-caching", Flag(false)}});
  EXPECT_EQ(ToCommandLine(merged), Words({"--no-enable-prefix-caching"}));
}

TEST(MergeArgs, TheFirstOfTwoSpellingsStays) {
  const Args merged =
      MergeArgs(kVllm, {{"max-num-seqs", Text("1")}, {"max_num_seqs", Text("2")}}, {});
  EXPECT_EQ(merged, Args({{"max-num-seqs", Text("1")}}));
}

TEST(ToCommandLine, Table) {
  const struct {
    const char* sentence;
    ArgValue value;
    Words line;
  } cases[] = {
      {"true is a bare flag", Flag(true), {"--x"}},
      {"false is nothing", Flag(false), {}},
      {"a number is a value", {Kind::kNumber, false, {"0.9"}}, {"--x", "0.9"}},
      {"a string is a value", Text("fp8"), {"--x", "fp8"}},
      {"JSON is one word", Text(R"({"a": 1})"), {"--x", R"({"a": 1})"}},
      {"an empty string is a word", Text(""), {"--x", ""}},
      {"a list is one flag with several values",
       {Kind::kList, false, {"a", "b"}},
       {"--x", "a", "b"}},
      {"a repeat is several flags", {Kind::kRepeat, false, {"a", "b"}}, {"--x", "a", "--x", "b"}},
      {"a leading dash must not look like the next flag", Text("-1"), {"--x=-1"}},
      {"nor in a repeat", {Kind::kRepeat, false, {"-a", "b"}}, {"--x=-a", "--x", "b"}},
      {"what validation refuses is not given", {Kind::kInvalid, false, {"{}"}}, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(ToCommandLine({{"x", c.value}}), c.line) << c.sentence;
}

TEST(ToCommandLine, IsInByteOrder) {
  EXPECT_EQ(ToCommandLine({{"b", Text("1")}, {"a-c", Text("2")}, {"a", Flag(true)}}),
            Words({"--a", "--a-c", "2", "--b", "1"}));
}

TEST(ProgramFacts, AreFoundByTheirEnumerator) {
  for (const EngineFacts* engine : Engines()) EXPECT_EQ(&FactsOf(engine->type), engine);
  for (const RouterFacts* router : Routers()) EXPECT_EQ(&FactsOf(router->type), router);
}

}  // namespace
}  // namespace disagg::api
