#pragma once

// Resolves a host and connects to the first of its addresses that answers. Lives on the I/O thread.

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "operator/base/result.h"
#include "operator/transport/endpoint.h"

namespace transport {

class Dialer : public std::enable_shared_from_this<Dialer> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using Connected = std::function<void(base::Result<Socket>)>;

  Dialer(boost::asio::io_context& io, Endpoint endpoint);

  // Calls back once, from the I/O thread. What is left of the time is divided evenly among the
  // addresses that are left, so that one that swallows packets does not hide the others.
  void Start(std::chrono::steady_clock::time_point deadline, Connected connected);

  // The callback comes soon with an error.
  void Cancel();

 private:
  void Resolve();
  void TryNext();
  void OnConnect(const boost::asio::ip::tcp::endpoint& address, boost::system::error_code error);
  void Fail(const char* reason, const std::string& what);

  boost::asio::ip::tcp::resolver resolver_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  const Endpoint endpoint_;
  std::chrono::steady_clock::time_point deadline_;
  Connected connected_;
  std::vector<boost::asio::ip::tcp::endpoint> addresses_;  // not tried yet, last first
  std::string failures_;                                   // "10.0.0.1: Connection refused; ..."
  bool cancelled_ = false;
};

}  // namespace transport
