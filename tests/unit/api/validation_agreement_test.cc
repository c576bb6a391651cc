#include <gtest/gtest.h>

#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

std::string Roles(const std::string& prefill, const std::string& decode) {
  return R"({"spec": {"prefill": {"args": )" + prefill + R"(}, "decode": {"args": )" + decode +
         "}}}";
}

constexpr char kWhy[] =
    "; they exchange KV blocks and have to agree; write it once, in spec.engine.args";

struct Row {
  const char* sentence;
  std::string patch;
  std::string message;  // "": valid; without kWhy
};

TEST(ValidateAgreement, Table) {
  const Row rows[] = {
      {"block sizes", Roles("{}", R"({"block-size": 64})"),
       R"(spec.decode.args.block-size: prefill has "128", decode has "64")"},
      {"the same block size twice", Roles(R"({"block-size": 64})", R"({"block_size": 64})"), ""},
      {"a number and a text are the same word", Roles("{}", R"({"block-size": "128"})"), ""},
      {"KV dtypes", Roles(R"({"kv-cache-dtype": "bfloat16"})", "{}"),
       R"(spec.decode.args.kv-cache-dtype: prefill has "bfloat16", decode has "fp8")"},
      {"two names of one KV dtype", Roles(R"({"kv-cache-dtype": "fp8_e4m3"})", "{}"), ""},
      {"auto is what nothing means", Roles(R"({"dtype": "auto"})", "{}"), ""},
      {"auto against a dtype", Roles(R"({"kv-cache-dtype": "auto"})", "{}"),
       R"(spec.decode.args.kv-cache-dtype: prefill has none, decode has "fp8")"},
      {"dtype of the model", Roles("{}", R"({"dtype": "float16"})"),
       R"(spec.decode.args.dtype: prefill has none, decode has "float16")"},
      {"quantisation by its short name",
       Roles(R"({"q": "modelopt"})", R"({"quantization": "fp8"})"),
       R"(spec.decode.args.quantization: prefill has "modelopt", decode has "fp8")"},
      {"attention backends",
       Roles(R"({"attention-backend": "FLASHINFER"})", R"({"attention-backend": "FLASHMLA"})"),
       R"(spec.decode.args.attention-backend: prefill has "FLASHINFER", decode has "FLASHMLA")"},
      {"an attention backend on one side only",
       Roles(R"({"attention-backend": "FLASHINFER"})", "{}"),
       R"(spec.decode.args.attention-backend: prefill has "FLASHINFER", decode has none)"},
      {"attention backend in a flag, and in JSON",
       Roles(R"({"attention-backend": "FLASHINFER"})",
             R"({"attention-config": "{\"backend\": \"FLASHINFER\"}"})"),
       ""},
      {"attention backend behind a dot",
       Roles(R"({"attention-config.backend": "FLASHINFER"})",
             R"({"attention-config": "{\"backend\": \"FLASHMLA\"}"})"),
       R"(spec.decode.args.attention-backend: prefill has "FLASHINFER", decode has "FLASHMLA")"},
      {"a key that only decode acts on",
       Roles(
           R"({"attention-config": "{\"backend\": \"FLASHINFER\", \"indexer_kv_dtype\": )"
           R"(\"fp8\"}"})",
           R"({"attention-config": "{\"backend\": \"FLASHINFER\", \"indexer_kv_dtype\": \"fp8\", )"
           R"(\"minimax_m3_msa_decode_backend\": \"cutlass\"}"})"),
       ""},
      {"a key that only prefill acts on",
       Roles(R"({"attention-config": "{\"mla_prefill_backend\": \"TRTLLM_RAGGED\"}"})", "{}"), ""},
      {"the indexer's KV dtype",
       Roles(R"({"attention-config": "{\"indexer_kv_dtype\": \"fp8\"}"})",
             R"({"attention-config": "{\"indexer_kv_dtype\": \"bf16\"}"})"),
       R"(spec.decode.args.attention-config.indexer_kv_dtype: prefill has "fp8", decode has )"
       R"("bf16")"},
      {"speculation with another number of tokens",
       Roles(
           R"({"speculative-config": "{\"method\": \"eagle3\", \"num_speculative_tokens\": 1}"})",
           R"({"speculative-config": "{\"method\": \"eagle3\", \"num_speculative_tokens\": 3}"})"),
       ""},
      {"speculation by another method",
       Roles(R"({"speculative-config": "{\"method\": \"eagle3\"}"})",
             R"({"speculative-config": "{\"method\": \"mtp\"}"})"),
       R"(spec.decode.args.speculative-config.method: prefill has "eagle3", decode has "mtp")"},
      {"speculation on one side", Roles("{}", R"({"speculative-config": "{\"method\": \"mtp\"}"})"),
       R"(spec.decode.args.speculative-config.method: prefill has none, decode has "mtp")"},
      {"what is no JSON is the engine's to refuse",
       Roles(R"({"speculative-config": "eagle3"})", "{}"), ""},
      {"batch sizes may differ", Roles(R"({"max-num-seqs": 1})", R"({"max-num-seqs": 2})"), ""},
      {"context lengths may differ",
       Roles(R"({"max-model-len": 10240})", R"({"max-model-len": 9216})"), ""},
  };
  for (const Row& row : rows) {
    std::vector<std::string> expected;
    if (!row.message.empty()) expected.push_back(row.message + kWhy);
    EXPECT_EQ(Messages(row.patch), expected) << row.sentence;
  }
}

TEST(ValidateAgreement, HasNothingToSayAboutAggregatedWorkers) {
  ExpectMessages({{"one role agrees with itself", R"({"spec": {"prefill": null, "decode": null,
      "aggregated": {"replicas": 1, "args": {"block-size": 64}}}})",
                   ""}});
}

}  // namespace
}  // namespace disagg::api::test
