#pragma once

// N DisaggDeployments of some prefill and decode workers of one GPU and one router, spread over ten
// namespaces.

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "operator/transport/transport.h"
#include "tests/bench/benches.h"

namespace disagg::bench {

inline constexpr int kNamespaces = 10;

class Fleet {
 public:
  Fleet(transport::Transport& transport, const BenchOptions& options)
      : transport_(transport), options_(options), size_(options.deployments) {}

  void MakeNamespaces();
  void MakeDeployments();
  void Delete();

  // Until every deployment says that it is fully available.
  void WaitReady();

  // Every object that the operator made, as it could be POSTed again: no uid, version, timestamps,
  // status or managedFields.
  struct Owned {
    std::string path;   // of the collection
    std::string owner;  // "<namespace>/<deployment>"
    nlohmann::json object;
  };
  std::vector<Owned> Dump();

  int size() const { return size_; }

 private:
  std::string NamespaceOf(int i) const { return "bench-" + std::to_string(i % kNamespaces); }

  transport::Transport& transport_;
  const BenchOptions options_;
  const int size_;
};

// Items of a collection, page by page.
std::vector<nlohmann::json> ListAll(transport::Transport& transport, const std::string& path);

}  // namespace disagg::bench
