#include "controllers/api/warnings.h"

#include <gtest/gtest.h>

#include "controllers/api/program_facts.h"
#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

TEST(Warnings, NameTheFlagThatWasMeant) {
  const struct {
    const char* sentence;
    const char* patch;
    const char* message;  // "": none
  } rows[] = {
      {"the deployment of the examples", "{}", ""},
      {"a letter too few", R"({"spec": {"decode": {"args": {"max-num-seq": 8}}}})",
       "spec.decode.args.max-num-seq: is not a known flag of vllm; did you mean "
       "\"max-num-seqs\"?"},
      {"two letters swapped, in Python's spelling",
       R"({"spec": {"engine": {"args": {"kv_cache_dtpye": "fp8", "kv-cache-dtype": null}}}})",
       "spec.engine.args.kv_cache_dtpye: is not a known flag of vllm; did you mean "
       "\"kv-cache-dtype\"?"},
      {"a negation", R"({"spec": {"engine": {"args": {"no-enable-prefix-cachin": true}}}})",
       "spec.engine.args.no-enable-prefix-cachin: is not a known flag of vllm; did you mean "
       "\"enable-prefix-caching\"?"},
      {"a key of a JSON flag",
       R"({"spec": {"engine": {"args": {"atention-config.backend": "x"}}}})",
       "spec.engine.args.atention-config.backend: is not a known flag of vllm; did you mean "
       "\"attention-config\"?"},
      {"the router's", R"({"spec": {"router": {"args": {"router-moed": "kv"}}}})",
       "spec.router.args.router-moed: is not a known flag of the router; did you mean "
       "\"router-mode\"?"},
      {"a flag like no other", R"({"spec": {"engine": {"args": {"flag-of-next-year": 1}}}})", ""},
      {"a short name", R"({"spec": {"engine": {"args": {"tq": 1}}}})", ""},
  };
  for (const auto& row : rows) {
    std::vector<std::string> messages, expected;
    for (const FieldError& warning : FindWarnings(Deployment(row.patch)->spec)) {
      messages.push_back(warning.message);
      EXPECT_EQ(warning.reason, "UnknownFlag");
    }
    if (*row.message != '\0') expected.push_back(row.message);
    EXPECT_EQ(messages, expected) << row.sentence;
  }
}

TEST(Warnings, DoNotConcernWhatIsKnown) {
  for (const EngineType engine : {EngineType::kVllm, EngineType::kMocker}) {
    DeploymentSpec spec;
    spec.engine = engine;
    const FlagTable& table = FactsOf(engine).flags;
    for (const auto& flags : {table.local, table.shared}) {
      for (const std::string_view flag : flags) spec.engine_args[std::string(flag)] = {};
    }
    EXPECT_EQ(FindWarnings(spec).size(), 0u);
  }
}

}  // namespace
}  // namespace disagg::api::test
