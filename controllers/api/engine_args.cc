#include "controllers/api/engine_args.h"

#include <algorithm>

#include "controllers/api/program_facts.h"

namespace disagg::api {
namespace {

constexpr std::string_view kNegation = "no-";

// vLLM takes one key of a JSON flag as "attention-config.backend"; the key behind the dot is the
// engine's, as written.
std::string_view Head(std::string_view flag) { return flag.substr(0, flag.find('.')); }

std::string Normalize(const FlagTable& table, std::string_view key) {
  const std::string_view head = Head(key);
  std::string flag(head);
  std::replace(flag.begin(), flag.end(), '_', '-');
  for (const Spelling& spelling : table.spellings) {
    if (spelling.written == flag) {
      flag = spelling.flag;
      break;
    }
  }
  return flag.append(key.substr(head.size()));
}

std::optional<std::string> TypedField(const FlagTable& table, std::string_view flag) {
  std::string_view head = Head(flag);
  if (head.starts_with(kNegation)) head.remove_prefix(kNegation.size());
  for (const TypedFlag& typed : table.typed) {
    if (typed.flag == head) return std::string(typed.field);
  }
  return std::nullopt;
}

// A role that says no-x does not inherit x, and the other way round; `x: false` takes away only x.
void Overlay(const Args& layer, Args* merged) {
  for (const auto& [flag, value] : layer) {
    if (!value.omits()) merged->erase(NegationOf(flag));
  }
  for (const auto& [flag, value] : layer) merged->insert_or_assign(flag, value);
}

Args Normalized(EngineType engine, const Args& args) {
  Args normalized;
  for (const auto& [key, value] : args) normalized.emplace(NormalizeFlag(engine, key), value);
  return normalized;
}

void AppendFlag(const std::string& flag, const std::vector<std::string>& values,
                std::vector<std::string>* line) {
  // As a word of its own, a value with a leading dash would be taken for the next flag.
  if (values.size() == 1 && values.front().starts_with('-')) {
    line->push_back("--" + flag + "=" + values.front());
    return;
  }
  line->push_back("--" + flag);
  line->insert(line->end(), values.begin(), values.end());
}

}  // namespace

std::string NormalizeFlag(EngineType engine, std::string_view key) {
  return Normalize(FactsOf(engine).flags, key);
}

std::string NormalizeFlag(RouterType router, std::string_view key) {
  return Normalize(FactsOf(router).flags, key);
}

std::string NegationOf(std::string_view flag) {
  if (flag.starts_with(kNegation)) return std::string(flag.substr(kNegation.size()));
  return std::string(kNegation).append(flag);
}

std::optional<std::string> TypedFieldOf(EngineType engine, std::string_view flag) {
  return TypedField(FactsOf(engine).flags, flag);
}

std::optional<std::string> TypedFieldOf(RouterType router, std::string_view flag) {
  return TypedField(FactsOf(router).flags, flag);
}

bool IsLocalFlag(EngineType engine, std::string_view flag) {
  const auto local = FactsOf(engine).flags.local;
  const auto listed = [&](std::string_view name) {
    return std::find(local.begin(), local.end(), name) != local.end();
  };
  const std::string_view head = Head(flag);
  return listed(head) || (head.starts_with(kNegation) && listed(head.substr(kNegation.size())));
}

Args MergeArgs(EngineType engine, const Args& shared, const Args& role) {
  Args merged = Normalized(engine, shared);
  Overlay(Normalized(engine, role), &merged);
  return merged;
}

std::vector<std::string> ToCommandLine(const Args& normalized) {
  std::vector<std::string> line;
  for (const auto& [flag, value] : normalized) {
    switch (value.kind) {
      case ArgValue::Kind::kBool:
        if (value.flag) line.push_back("--" + flag);
        break;
      case ArgValue::Kind::kRepeat:
        for (const std::string& text : value.texts) AppendFlag(flag, {text}, &line);
        break;
      case ArgValue::Kind::kInvalid:
        break;  // validation has refused it
      default:
        AppendFlag(flag, value.texts, &line);
    }
  }
  return line;
}

}  // namespace disagg::api
