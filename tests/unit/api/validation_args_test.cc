#include <gtest/gtest.h>

#include "tests/unit/api/objects.h"

namespace disagg::api::test {
namespace {

std::string Engine(const std::string& args) {
  return R"({"spec": {"engine": {"args": )" + args + "}}}";
}
std::string Decode(const std::string& args) {
  return R"({"spec": {"decode": {"args": )" + args + "}}}";
}
std::string Router(const std::string& args) {
  return R"({"spec": {"router": {"args": )" + args + "}}}";
}

struct Row {
  const char* sentence;
  std::string patch;
  std::string message;  // "": valid
};

void Expect(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    std::vector<std::string> expected;
    if (!row.message.empty()) expected.push_back(row.message);
    EXPECT_EQ(Messages(row.patch), expected) << row.sentence;
  }
}

TEST(ValidateArgs, Kinds) {
  Expect({
      {"strings, numbers, booleans, lists and repetitions",
       Engine(R"({"a": "x", "b": 1, "c": 0.5, "d": true, "e": false, "f": ["x", 1],
                  "g": {"repeat": ["x"]}})"),
       ""},
      {"JSON in a string", Engine(R"({"compilation-config": "{\"mode\": 0}"})"), ""},
      {"JSON as an object", Engine(R"({"compilation-config": {"mode": 0}})"),
       "spec.engine.args.compilation-config: is an object; write JSON as a quoted string, or "
       "{repeat: "
       "[a, b]} to give the flag several times"},
      {"a null in a list", Engine(R"({"a": ["x", null]})"),
       "spec.engine.args.a: has a null in its list; remove it, or write the word as a string"},
      {"a list in a list", Engine(R"({"a": [["x"]]})"),
       "spec.engine.args.a: has a list or an object in its list; items are strings, numbers and "
       "booleans; write JSON as a quoted string"},
      {"an object in a list", Engine(R"({"a": [{}]})"),
       "spec.engine.args.a: has a list or an object in its list; items are strings, numbers and "
       "booleans; write JSON as a quoted string"},
      {"a repetition of one word", Engine(R"({"a": {"repeat": "x"}})"),
       "spec.engine.args.a: is an object; write JSON as a quoted string, or {repeat: [a, b]} to "
       "give "
       "the flag several times"},
      {"a repetition with something beside it", Engine(R"({"a": {"repeat": ["x"], "b": 1}})"),
       "spec.engine.args.a: is an object; write JSON as a quoted string, or {repeat: [a, b]} to "
       "give "
       "the flag several times"},
      {"a null in a repetition", Engine(R"({"a": {"repeat": [null]}})"),
       "spec.engine.args.a: has a null in its list; remove it, or write the word as a string"},
      {"an empty object", Engine(R"({"a": {}})"),
       "spec.engine.args.a: is an object; write JSON as a quoted string, or {repeat: [a, b]} to "
       "give "
       "the flag several times"},
      {"an empty list", Engine(R"({"a": []})"),
       "spec.engine.args.a: is an empty list; write true for a flag without value, or remove it"},
      {"an empty repetition", Engine(R"({"a": {"repeat": []}})"),
       "spec.engine.args.a: is an empty list; write true for a flag without value, or remove it"},
      {"a number beyond 2^53", Engine(R"({"seed": 18446744073709552000})"),
       "spec.engine.args.seed: is the number 1.8446744073709552e+19; JSON keeps whole numbers up "
       "to "
       "2^53 and 15 digits of a fraction; write it as a string, like \"...\""},
      {"the same as a string", Engine(R"({"seed": "18446744073709551615"})"), ""},
      {"a number beyond 2^53 in a list", Engine(R"({"a": [1, -1e21]})"),
       "spec.engine.args.a: has an item that is the number -1e+21; JSON keeps whole numbers up to "
       "2^53 and 15 digits of a fraction; write it as a string, like \"...\""},
      {"great depth", Engine("{\"a\": " + std::string(500, '[') + std::string(500, ']') + "}"),
       "spec.engine.args.a: has lists or objects inside each other; write JSON as a quoted string"},
      {"negative numbers in a list", Engine(R"({"a": ["-1", -2.5]})"), ""},
      {"a flag in a list", Engine(R"({"a": ["x", "--port=1"]})"),
       "spec.engine.args.a: has an item with a leading dash, which would be read as the next flag; "
       "write {repeat: [a, b]} to give the flag several times, or one string"},
      {"a flag as the only item", Engine(R"({"a": ["--x"]})"), ""},
      {"a NUL character", Engine(R"({"a": "x\u0000y"})"),
       "spec.engine.args.a: has a NUL character, which ends a command-line word"},
  });
}

TEST(ValidateArgs, Keys) {
  const std::string no_flag =
      ": is not a flag name; use letters, digits and - _ . , at most 128 of them, and write the "
      "value behind the colon";
  Expect({
      {"a key of a JSON flag", Engine(R"({"attention-config.use_trtllm_attention": true})"), ""},
      {"two dashes", Decode(R"({"--stream-interval": 1})"),
       R"(spec.decode.args["--stream-interval"]: has leading dashes; write "stream-interval")"},
      {"one dash", Decode(R"({"-O": 1})"),
       R"(spec.decode.args["-O"]: has leading dashes; write "O")"},
      {"nothing but dashes", Decode(R"({"--": 1})"), R"(spec.decode.args["--"])" + no_flag},
      {"nothing at all", Decode(R"({"": 1})"), R"(spec.decode.args[""])" + no_flag},
      {"the value in the key", Decode(R"({"stream-interval=4": true})"),
       R"(spec.decode.args["stream-interval=4"])" + no_flag},
      {"a blank in the key", Decode(R"({"stream interval": 4})"),
       R"(spec.decode.args["stream interval"])" + no_flag},
      {"an underscore first", Decode(R"({"_x": 4})"), R"(spec.decode.args["_x"])" + no_flag},
      {"a key of 128 characters", Decode("{\"" + std::string(128, 'x') + "\": 1}"), ""},
  });
}

TEST(ValidateArgs, Sizes) {
  const auto text = [](int size) { return "\"" + std::string(size, 'x') + "\""; };
  Expect({
      {"4 KiB in one", Engine("{\"a\": " + text(4096) + "}"), ""},
      {"a byte more", Engine("{\"a\": " + text(4097) + "}"),
       "spec.engine.args.a: has 4097 bytes; at most 4096"},
      {"a list counts as a whole", Engine("{\"a\": [" + text(4000) + "," + text(97) + "]}"),
       "spec.engine.args.a: has 4097 bytes; at most 4096"},
  });
}

TEST(ValidateArgs, Items) {
  std::string items = "[1";
  for (int i = 1; i < 2049; ++i) items += ",1";
  items += "]";
  EXPECT_EQ(Messages(Engine("{\"a\": " + items + ", \"b\": {\"repeat\": " + items + "}}")),
            std::vector<std::string>(
                {"spec.engine.args: the lists in all arguments have 4098 items together; at most "
                 "4096"}));
}

TEST(ValidateArgs, Count) {
  std::string many = "{";
  for (int i = 0; i < 129; ++i) many += "\"k" + std::to_string(i) + "\": 1,";
  many.back() = '}';
  EXPECT_EQ(Messages(Router(many)),
            std::vector<std::string>({"spec.router.args: has 130 arguments; at most 128"}));
}

TEST(ValidateArgs, Twice) {
  Expect({
      {"two spellings in one place", Decode(R"({"max_num_seqs": 4})"),
       R"(spec.decode.args.max_num_seqs: is the same flag as "max-num-seqs"; remove one of the )"
       R"(two)"},
      {"two spellings in two places are an override", Engine(R"({"max_num_seqs": 4})"), ""},
      {"a short and a long name", Engine(R"({"q": "fp8", "quantization": "fp8"})"),
       R"(spec.engine.args.quantization: is the same flag as "q"; remove one of the two)"},
      {"a flag and its opposite",
       Engine(R"({"enable-prefix-caching": true, "no-enable-prefix-caching": true})"),
       R"(spec.engine.args.no-enable-prefix-caching: is the opposite of "enable-prefix-caching"; )"
       "remove one of the two"},
      {"the opposite of what is off",
       Engine(R"({"enable-prefix-caching": false, "no-enable-prefix-caching": true})"), ""},
      {"a flag whose opposite is off",
       Engine(R"({"enable-prefix-caching": true, "no-enable-prefix-caching": false})"), ""},
      {"an opposite in two places is an override",
       R"({"spec": {"engine": {"args": {"enable-prefix-caching": true}},
                    "decode": {"args": {"no-enable-prefix-caching": true}}}})",
       ""},
      {"two spellings for the router", Router(R"({"router_mode": "random"})"),
       R"(spec.router.args.router_mode: is the same flag as "router-mode"; remove one of the two)"},
  });
}

TEST(ValidateArgs, TypedFields) {
  Expect({
      {"tensor width by its short name", Decode(R"({"tp": 4})"),
       "spec.decode.args.tp: is --tensor-parallel-size, which is given by "
       "spec.decode.parallelism.tensor; remove it here and set that"},
      {"by its Python name", Decode(R"({"tensor_parallel_size": 4})"),
       "spec.decode.args.tensor_parallel_size: is --tensor-parallel-size, which is given by "
       "spec.decode.parallelism.tensor; remove it here and set that"},
      {"the same value is refused as well", Decode(R"({"data-parallel-size": 8})"),
       "spec.decode.args.data-parallel-size: is given by spec.decode.parallelism.data; remove it "
       "here and set that"},
      {"for all roles", Engine(R"({"pipeline-parallel-size": 2})"),
       "spec.engine.args.pipeline-parallel-size: is given by spec.<role>.parallelism.pipeline; "
       "remove it here and set that"},
      {"off is a setting, too", Decode(R"({"enable-expert-parallel": false})"),
       "spec.decode.args.enable-expert-parallel: is given by spec.decode.parallelism.expert; "
       "remove "
       "it here and set that"},
      {"the opposite", Decode(R"({"no-enable-expert-parallel": true})"),
       "spec.decode.args.no-enable-expert-parallel: is given by spec.decode.parallelism.expert; "
       "remove it here and set that"},
      {"the model", Engine(R"({"model": "/models/x"})"),
       "spec.engine.args.model: is given by spec.model.ref; remove it here and set that"},
      {"its served name", Engine(R"({"served-model-name": "x"})"),
       "spec.engine.args.served-model-name: is given by spec.model.servedName; remove it here and "
       "set that"},
      {"the connector", Engine(R"({"kv-transfer-config": "{\"kv_connector\":\"NixlConnector\"}"})"),
       "spec.engine.args.kv-transfer-config: is given by spec.kvTransfer; remove it here and set "
       "that"},
      {"one key of it", Engine(R"({"kv-transfer-config.kv_role": "kv_both"})"),
       "spec.engine.args.kv-transfer-config.kv_role: is given by spec.kvTransfer; remove it here "
       "and "
       "set that"},
      {"the role", Decode(R"({"disaggregation-mode": "prefill"})"),
       "spec.decode.args.disaggregation-mode: is given by the role (spec.prefill, spec.decode or "
       "spec.aggregated); remove it"},
      {"KV events", Engine(R"({"kv-events-config": "{}"})"),
       "spec.engine.args.kv-events-config: is given by spec.router.args.router-mode; remove it "
       "here "
       "and set that"},
      {"the request plane", Engine(R"({"request-plane": "nats"})"),
       "spec.engine.args.request-plane: is given by spec.engine.runtime; remove it here and set "
       "that"},
      {"a port", Engine(R"({"port": 8080})"),
       "spec.engine.args.port: is given by the operator; remove it"},
      {"a node's rank by its short name", Engine(R"({"r": 1})"),
       "spec.engine.args.r: is --node-rank, which is given by the operator; remove it"},
      {"a beginning that argparse completes", Engine(R"({"tensor-parallel": 4})"),
       "spec.engine.args.tensor-parallel: is an abbreviation of --tensor-parallel-size, which "
       "is given by spec.<role>.parallelism.tensor; remove it here and set that"},
      {"a flag that merely begins like one", Engine(R"({"model-impl": "auto"})"), ""},
      {"the router's port", Router(R"({"http-port": 80})"),
       "spec.router.args.http-port: is given by spec.router.service.port; remove it here and set "
       "that"},
      {"the router's namespace", Router(R"({"namespace": "x"})"),
       "spec.router.args.namespace: is given by the operator; remove it"},
      {"the router's synchronisation", Router(R"({"no_router_replica_sync": true})"),
       "spec.router.args.no_router_replica_sync: is --no-router-replica-sync, which is given by "
       "spec.router.replicas; remove it here and set that"},
      {"migration is free", Router(R"({"migration-limit": 5})"), ""},
      {"the mocker's model", R"({"spec": {"engine": {"type": "mocker",
         "args": {"model-path": "/x"}}}})",
       "spec.engine.args.model-path: is given by spec.model.ref; remove it here and set that"},
      {"vLLM's port, which the mocker does not even know",
       R"({"spec": {"engine": {"type": "mocker", "args": {"port": 1}}}})",
       "spec.engine.args.port: is given by the operator; remove it"},
      {"a flag with which the engine says something and ends",
       R"({"spec": {"engine": {"args": {"help": true}}}})",
       "spec.engine.args.help: is given by the operator; remove it"},
      {"a file that could hold any flag",
       R"({"spec": {"engine": {"args": {"config": "/x.yaml"}}}})",
       "spec.engine.args.config: is given by spec.engine.args; remove it here and set that"},
  });
}

}  // namespace
}  // namespace disagg::api::test
