#include "operator/transport/http_listener.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace transport {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

// Everything until the listener closes.
std::string Exchange(int fd, const std::string& request) {
  send(fd, request.data(), request.size(), MSG_NOSIGNAL);
  std::string answer;
  char buffer[4096];
  for (ssize_t got = 0; (got = recv(fd, buffer, sizeof(buffer), 0)) > 0;) {
    answer.append(buffer, static_cast<std::size_t>(got));
  }
  close(fd);
  return answer;
}

std::string Ask(int port, const std::string& request) { return Exchange(ConnectTo(port), request); }

class HttpListenerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto listener = Listen("127.0.0.1:0", [this](const std::string& path) {
      ++asked_;
      return path == "/metrics" ? PlainResponse{200, "text/plain; version=0.0.4", "up 1\n"}
                                : PlainResponse{503, "text/plain", path};
    });
    ASSERT_TRUE(listener.ok()) << listener.error().message;
    listener_ = std::move(*listener);
  }
  int port() const { return listener_->port(); }

  std::atomic<int> asked_{0};
  std::unique_ptr<HttpListener> listener_;
};

TEST_F(HttpListenerTest, AnswersGet) {
  const std::string answer = Ask(port(), "GET /metrics?x=y HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Content-Type: text/plain; version=0.0.4\r\n"));
  EXPECT_THAT(answer, ::testing::EndsWith("\r\n\r\nup 1\n"));
  EXPECT_THAT(Ask(port(), "GET /readyz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpListenerTest, AnswersNothingElse) {
  EXPECT_THAT(Ask(port(), "PUT /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_EQ(Ask(port(), "POST /metrics HTTP/1.1\r\nContent-Length: 99999\r\n\r\n"), "");
  EXPECT_EQ(Ask(port(), "nonsense\r\n\r\n"), "");
  EXPECT_EQ(asked_, 0);
}

TEST_F(HttpListenerTest, ClosesOnAHeadOverTheBound) {
  EXPECT_EQ(Ask(port(), "GET /metrics HTTP/1.1\r\nX: " + std::string(9'000, 'x')), "");
}

TEST_F(HttpListenerTest, ManyMayAskAtOnce) {
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      const std::string answer = Ask(port(), "GET /metrics HTTP/1.1\r\n\r\n");
      if (answer.starts_with("HTTP/1.1 200 ")) ++answered;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 100);
}

// A probe of the kubelet waits three seconds at most.
TEST_F(HttpListenerTest, WhoSaysNothingHoldsNobodyUpForLong) {
  std::vector<int> silent;
  for (int i = 0; i < 100; ++i) silent.push_back(ConnectTo(port()));
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT(Ask(port(), "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
  for (const int fd : silent) close(fd);
}

TEST_F(HttpListenerTest, GivesThePlacesBackOfThoseWhoLeave) {
  for (int round = 0; round < 3; ++round) {
    std::vector<int> silent;
    for (int i = 0; i < 64; ++i) silent.push_back(ConnectTo(port()));
    const int late = ConnectTo(port());
    for (const int fd : silent) close(fd);
    EXPECT_THAT(Exchange(late, "GET /metrics HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  }
}

TEST_F(HttpListenerTest, StopsWithConnectionsOpen) {
  const int idle = ConnectTo(port());
  Ask(port(), "GET /metrics HTTP/1.1\r\n\r\n");
  listener_.reset();
  char byte;
  EXPECT_LE(recv(idle, &byte, 1, 0), 0);
  close(idle);
}

TEST(Listen, TakesAddressesOfEveryForm) {
  for (const char* address : {":0", "127.0.0.1:0", "localhost:0", "0.0.0.0:0"}) {
    const auto listener = Listen(address, [](const std::string&) { return PlainResponse{}; });
    ASSERT_TRUE(listener.ok()) << address << " " << listener.error().message;
    EXPECT_THAT(Ask((*listener)->port(), "GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "))
        << address;
  }
}

TEST(Listen, SaysWhyItCannot) {
  const auto first = Listen("127.0.0.1:0", [](const std::string&) { return PlainResponse{}; });
  ASSERT_TRUE(first.ok());
  const std::string taken = "127.0.0.1:" + std::to_string((*first)->port());
  const std::pair<std::string, const char*> kCases[] = {
      {taken, "Address already in use"},
      {"8080", "must be HOST:PORT"},
      {"", "must be HOST:PORT"},
      {"127.0.0.1:", "must be HOST:PORT"},
      {":abc", "with a port from 0 to 65535"},
      {":80x", "with a port from 0 to 65535"},
      {":65536", "with a port from 0 to 65535"},
      {":-1", "with a port from 0 to 65535"},
      {"no-such-host.invalid:80", "cannot listen on no-such-host"}};
  for (const auto& [address, message] : kCases) {
    const auto listener = Listen(address, [](const std::string&) { return PlainResponse{}; });
    ASSERT_FALSE(listener.ok()) << address;
    EXPECT_THAT(listener.error().message, HasSubstr(message)) << address;
  }
}

}  // namespace
}  // namespace transport
