#include "operator/transport/child_program.h"

#include <signal.h>

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace transport {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

base::Result<std::string> Shell(const std::string& script,
                                milliseconds timeout = milliseconds(20'000),
                                std::stop_token stop = {}) {
  return RunChildProgram({"sh", {"-c", script}, {{"GREETING", "hello $HOME `x`"}}}, timeout, stop);
}

TEST(ChildProgram, ItsOutputIsReadInFull) {
  EXPECT_EQ(*Shell("echo out; echo err >&2 2>/dev/null"), "out\n");
  EXPECT_EQ(Shell("head -c 200000 /dev/zero")->size(), 200'000u);
  EXPECT_EQ(*Shell("cat"), "") << "its input is empty";
}

TEST(ChildProgram, GetsArgumentsAndEnvironmentAsTheyAre) {
  EXPECT_EQ(*Shell("printf %s \"$GREETING\""), "hello $HOME `x`");
  EXPECT_EQ(*RunChildProgram({"printf", {"%s|%s", "a b", "$(c)"}, {}}, milliseconds(20'000), {}),
            "a b|$(c)");
  EXPECT_NE(*Shell("printf %s \"$PATH\""), "") << "on top of our own environment";
}

TEST(ChildProgram, InheritsNoFilesAndNoBlockedSignals) {
  sigset_t blocked, before;
  sigfillset(&blocked);
  pthread_sigmask(SIG_BLOCK, &blocked, &before);
  const auto mask = Shell("grep SigBlk /proc/self/status");
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(*mask, HasSubstr("0000000000000000"));
  // The three standard ones and the folder that ls reads.
  EXPECT_EQ(*Shell("ls /proc/self/fd | wc -l"), "4\n");
}

TEST(ChildProgram, AFailureSaysHowItEnded) {
  const std::pair<const char*, const char*> kCases[] = {
      {"echo some; exit 3", "ended with exit code 3"},
      {"kill -9 $$", "was ended by signal 9"},
      {"head -c 2000000 /dev/zero", "printed more than 1 MiB"},
  };
  for (const auto& [script, message] : kCases) {
    const auto output = Shell(script);
    ASSERT_FALSE(output.ok()) << script;
    EXPECT_EQ(output.error().message, message);
  }
  const auto absent = RunChildProgram({"no-such-program", {}, {}}, milliseconds(1'000), {});
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().message, "cannot be started: No such file or directory");
}

TEST(ChildProgram, IsKilledWithItsChildrenWhenItTakesTooLong) {
  const auto start = std::chrono::steady_clock::now();
  const auto output = Shell("sleep 60 & sleep 60", milliseconds(100));
  ASSERT_FALSE(output.ok());
  EXPECT_THAT(output.error().message, HasSubstr("did not end in time"));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(10'000));
}

TEST(ChildProgram, IsKilledWhenItIsNoLongerWanted) {
  std::stop_source stop;
  std::jthread stopper([&] {
    std::this_thread::sleep_for(milliseconds(50));
    stop.request_stop();
  });
  const auto output = Shell("sleep 60", milliseconds(30'000), stop.get_token());
  ASSERT_FALSE(output.ok());
  EXPECT_EQ(output.error().message, "was stopped");
}

TEST(ChildProgram, WhatItLeavesRunningIsNotWaitedFor) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(*Shell("echo done; sleep 5 &"), "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(4'000));
}

}  // namespace
}  // namespace transport
