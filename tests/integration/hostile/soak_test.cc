// A fleet of six to which somebody does everything at random; afterwards all is as specified.
//
// SOAK_MINUTES (default 5) says for how long, SOAK_SEED makes a run again.

#include <cstdlib>
#include <iostream>
#include <thread>
#include <utility>

#include "tests/integration/hostile/soak.h"
#include "tests/support/kstatus.h"

namespace disagg::testing {

constexpr int kFleet = 6;
// So long the operator honours a Retry-After, whatever it says.
constexpr seconds kHonoured{60};

unsigned FromEnvironment(const char* name, unsigned otherwise) {
  const char* const value = std::getenv(name);
  return value == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

void SoakScene::SetUp() {
  Scene::SetUp();
  const unsigned seed = FromEnvironment("SOAK_SEED", std::random_device()());
  std::cout << "SOAK_SEED=" << seed << "\n";
  random_.seed(seed);
  const json small{{"prefill", {{"parallelism", {{"data", 1}}}}},
                   {"decode", {{"parallelism", {{"data", 1}}}}}};
  for (int i = 0; i < kFleet; ++i) {
    const std::string name = "soak-" + std::to_string(i);
    MakeNamespace(name, {{"scene", name}});
    Member member;
    member.deployment = std::make_unique<Deployment>(name, small);
    fleet_.push_back(std::move(member));
  }
  for (const Member& member : fleet_) ASSERT_TRUE(member.deployment->WaitReady());
}

void SoakScene::ActFor(seconds duration) {
  const auto end = Clock::now() + duration;
  while (Clock::now() < end && !HasFailure()) {
    TakeBackWhatIsDue();
    DoOne();
    std::this_thread::sleep_for(std::chrono::milliseconds(200 + Random(2500)));
  }
  while (!take_back_.empty()) {
    take_back_.begin()->second();
    take_back_.erase(take_back_.begin());
  }
}

void SoakScene::DoOne() {
  int all = 0;
  for (const Act& act : AllActs()) all += act.weight;
  int chosen = Random(all);
  for (const Act& act : AllActs()) {
    if ((chosen -= act.weight) >= 0) continue;
    Member& member = fleet_[static_cast<std::size_t>(Random(kFleet))];
    ++done_[act.name];
    (this->*act.run)(member);
    return;
  }
}

void SoakScene::TakeBackWhatIsDue() {
  while (!take_back_.empty() && take_back_.begin()->first <= Clock::now()) {
    take_back_.begin()->second();
    take_back_.erase(take_back_.begin());
  }
}

void SoakScene::Later(int most, std::function<void()> take_back) {
  take_back_.emplace(Clock::now() + seconds(1 + Random(most)), std::move(take_back));
}

std::string SoakScene::Acts() const {
  std::string lines;
  for (const auto& [name, count] : done_) lines += name + ": " + std::to_string(count) + "\n";
  return lines;
}

namespace {

// Pods in the namespace, whoever owns them and whatever they are labelled.
std::size_t AllPods(const Deployment& deployment) {
  return TheApi().List(deployment.Collection("pods")).size();
}

using Soak = SoakScene;

TEST_F(Soak, AfterwardsAllIsAsSpecified) {
  ActFor(std::chrono::minutes(FromEnvironment("SOAK_MINUTES", 5)));
  std::cout << Acts();
  for (const Member& member : fleet()) {
    const Deployment& deployment = *member.deployment;
    EXPECT_TRUE(Eventually(deployment.name() + " is as specified", seconds(120), [&] {
      return AllPods(deployment) == member.pods() &&
             OwnedPods(deployment).size() == member.pods() &&
             (member.suspended || deployment.Converged());
    })) << Told(deployment);
    EXPECT_TRUE(Eventually(deployment.name() + " is Current", kHealed + kHonoured, [&] {
      return Kstatus(deployment.Object()).status == "Current";
    })) << Kstatus(deployment.Object()).message;
  }
  // The counts of repeated events follow within a minute of the last repetition.
  std::vector<json> requests = RequestsDuring(seconds(30));
  for (int i = 0; i < 4 && !requests.empty(); ++i) requests = RequestsDuring(seconds(30));
  EXPECT_EQ(json(requests), json::array()) << "a quiet fleet asks for nothing";
}

}  // namespace
}  // namespace disagg::testing
