// What prefill and decode must share, or their handshake is refused at the first request (vLLM's
// NixlConnector compares a hash of these): KV dtype, block size, attention backend, speculative
// method, dtype and quantisation of the model.
//
// Compared as what they mean, not as they are written: an attention backend may be a flag of its
// own or a key of attention-config; `auto` is the same as nothing. Numbers that only one side acts
// on (num_speculative_tokens, the decode-only keys of attention-config) may differ.

#include <map>
#include <optional>
#include <string_view>

#include <nlohmann/json.hpp>

#include "controllers/api/engine_args.h"
#include "controllers/api/json_reader.h"
#include "controllers/api/messages.h"
#include "controllers/api/validation_checks.h"

namespace disagg::api {
namespace {

// A fact's name is the argument to write for it; its value is compared as text.
using Facts = std::map<std::string, std::string>;

struct JsonKey {
  const char* flag;
  const char* key;
  const char* fact;
};

constexpr const char* kPlainFlags[] = {"attention-backend", "block-size", "dtype", "kv-cache-dtype",
                                       "quantization"};

constexpr JsonKey kJsonKeys[] = {
    {"attention-config", "backend", "attention-backend"},
    {"attention-config", "indexer_kv_dtype", "attention-config.indexer_kv_dtype"},
    {"speculative-config", "method", "speculative-config.method"},
    {"speculative-config", "model", "speculative-config.model"},
};

std::optional<std::string> TextOf(const Args& args, const std::string& flag) {
  const auto it = args.find(flag);
  if (it == args.end() || it->second.texts.size() != 1) return std::nullopt;
  return it->second.texts.front();
}

void Put(const std::string& fact, const std::string& value, Facts* facts) {
  if (value == "auto") return;
  // Two names of one format.
  facts->insert_or_assign(fact, fact == "kv-cache-dtype" && value == "fp8_e4m3" ? "fp8" : value);
}

// A key of a JSON flag, written inside it or behind its dot.
std::optional<std::string> JsonText(const Args& args, const JsonKey& wanted) {
  if (auto dotted = TextOf(args, std::string(wanted.flag) + "." + wanted.key)) return dotted;
  const auto text = TextOf(args, wanted.flag);
  if (!text) return std::nullopt;
  const auto json = nlohmann::json::parse(*text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains(wanted.key)) return std::nullopt;
  const nlohmann::json& value = json[wanted.key];
  if (value.is_null()) return std::nullopt;
  return value.is_string() ? value.get<std::string>() : ToText(value);
}

Facts FactsOf(const Args& merged) {
  Facts facts;
  for (const JsonKey& key : kJsonKeys) {
    if (const auto value = JsonText(merged, key)) Put(key.fact, *value, &facts);
  }
  for (const char* flag : kPlainFlags) {
    if (const auto value = TextOf(merged, flag)) Put(flag, *value, &facts);
  }
  return facts;
}

std::string ValueOf(const Facts& facts, const std::string& fact) {
  const auto it = facts.find(fact);
  return it == facts.end() ? "none" : Quoted(it->second);
}

}  // namespace

void CheckAgreement(const DeploymentSpec& spec, Errors* errors) {
  const auto prefill = spec.roles.find(RoleName::kPrefill);
  const auto decode = spec.roles.find(RoleName::kDecode);
  if (prefill == spec.roles.end() || decode == spec.roles.end()) return;
  const Facts of_prefill = FactsOf(MergeArgs(spec.engine, spec.engine_args, prefill->second.args));
  const Facts of_decode = FactsOf(MergeArgs(spec.engine, spec.engine_args, decode->second.args));
  Facts all = of_prefill;
  all.insert(of_decode.begin(), of_decode.end());
  for (const auto& [fact, value] : all) {
    const std::string here = ValueOf(of_prefill, fact), there = ValueOf(of_decode, fact);
    if (here == there) continue;
    errors->push_back(ErrorAt("spec.decode.args." + fact,
                              "prefill has " + here + ", decode has " + there +
                                  "; they exchange KV blocks and have to agree; write it once, in "
                                  "spec.engine.args"));
  }
}

}  // namespace disagg::api
