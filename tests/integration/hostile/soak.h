#pragma once

// Somebody who does hostile things to a fleet at random, and takes each back after a while.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "tests/integration/hostile/scene.h"

namespace disagg::testing {

// One deployment of the fleet and what its spec is to say when all is over.
struct Member {
  std::unique_ptr<Deployment> deployment;
  int prefill = 2;
  int decode = 1;
  bool suspended = false;

  // With the router's.
  std::size_t pods() const {
    return suspended ? 0 : static_cast<std::size_t>(prefill + decode + 1);
  }
};

class SoakScene : public Scene {
 protected:
  void SetUp() override;

  // Acts and takes back for so long; then everything is taken back.
  void ActFor(std::chrono::seconds duration);
  const std::vector<Member>& fleet() const { return fleet_; }
  // What was done how often, one a line.
  std::string Acts() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Act {
    const char* name;
    int weight;
    void (SoakScene::*run)(Member&);
  };
  static const std::vector<Act>& AllActs();

  void DoOne();
  void TakeBackWhatIsDue();
  // Takes something back within `most` seconds.
  void Later(int most, std::function<void()> take_back);
  int Random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  std::string RandomPod(const Member& member);  // its path; "" without pods

  // The user's own.
  void Scale(Member& member);
  void Change(Member& member);
  void Suspend(Member& member);
  void Misspell(Member& member);
  void ApplyAgain(Member& member);
  // Other people.
  void DeletePod(Member& member);
  void Relabel(Member& member);
  void DeleteChild(Member& member);
  void PatchSelector(Member& member);
  void KillWebhook(Member& member);
  void TaintNode(Member& member);
  // What is between the operator and the cluster.
  void AnswerBadly(Member& member);
  void CutWatches(Member& member);
  void KillOperator(Member& member);
  void StopOperator(Member& member);
  void RestartApiServer(Member& member);

  std::mt19937 random_;
  std::vector<Member> fleet_;
  std::multimap<Clock::time_point, std::function<void()>> take_back_;
  std::map<std::string, int> done_;
  int faults_ = 0;
};

}  // namespace disagg::testing
