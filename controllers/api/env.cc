#include "controllers/api/env.h"

#include <map>
#include <set>
#include <utility>

namespace disagg::api {
namespace {

// Puts variables into an order in which references point back. A circle of references is cut where
// it is first met; Kubernetes leaves such a reference as it is written.
class Ordering {
 public:
  explicit Ordering(std::vector<EnvVar> variables) : variables_(std::move(variables)) {
    for (std::size_t i = 0; i < variables_.size(); ++i) position_.emplace(variables_[i].name, i);
  }

  std::vector<EnvVar> Run() {
    for (std::size_t i = 0; i < variables_.size(); ++i) Place(i);
    return std::move(ordered_);
  }

 private:
  // As deep as the longest chain of references.
  void Place(std::size_t index) {
    if (!met_.insert(index).second) return;
    for (const std::string& name : ReferencesIn(variables_[index].value)) {
      const auto found = position_.find(name);
      if (found != position_.end()) Place(found->second);
    }
    ordered_.push_back(variables_[index]);
  }

  const std::vector<EnvVar> variables_;
  std::map<std::string, std::size_t> position_;
  std::set<std::size_t> met_;
  std::vector<EnvVar> ordered_;
};

}  // namespace

std::vector<std::string> ReferencesIn(std::string_view value) {
  std::vector<std::string> names;
  for (std::size_t at = value.find('$'); at < value.size(); at = value.find('$', at)) {
    const std::string_view rest = value.substr(at + 1);
    const std::size_t close = rest.starts_with('(') ? rest.find(')') : rest.npos;
    if (close != rest.npos) {
      names.emplace_back(rest.substr(1, close - 1));
      at += close + 2;
    } else {
      at += rest.starts_with('$') ? 2 : 1;
    }
  }
  return names;
}

std::vector<EnvVar> MergeEnv(const std::vector<std::vector<EnvVar>>& layers) {
  std::vector<EnvVar> merged;
  std::map<std::string, std::size_t> position;
  for (const auto& layer : layers) {
    for (const EnvVar& variable : layer) {
      const auto [it, added] = position.emplace(variable.name, merged.size());
      if (added) {
        merged.push_back(variable);
      } else {
        merged[it->second] = variable;
      }
    }
  }
  return merged;
}

std::vector<EnvVar> InOrderOfReferences(std::vector<EnvVar> variables) {
  return Ordering(std::move(variables)).Run();
}

std::string EscapeReferences(std::string_view word) {
  std::string escaped;
  for (std::size_t i = 0; i < word.size(); ++i) {
    escaped += word[i];
    const bool special = i + 1 < word.size() && (word[i + 1] == '$' || word[i + 1] == '(');
    if (word[i] == '$' && special) escaped += '$';
  }
  return escaped;
}

}  // namespace disagg::api
