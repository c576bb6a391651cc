#include "operator/transport/dialer.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <utility>

#include <boost/asio/error.hpp>

namespace transport {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

// A peer that is gone without a word (a dead machine, a forgotten NAT entry) is noticed after 20 s
// of silence plus three probes 5 s apart, or when what we sent is not acknowledged for 10 s:
// so much later than it was written a request arrives at most, also after its connection was
// closed.
void ConfigureSocket(int fd) {
  const auto set = [fd](int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof(value));
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 20);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 10'000);
  fcntl(fd, F_SETFD, FD_CLOEXEC);  // credential plugins must not keep it open
}

}  // namespace

Dialer::Dialer(boost::asio::io_context& io, Endpoint endpoint)
    : resolver_(io), socket_(io), timer_(io), endpoint_(std::move(endpoint)) {}

void Dialer::Start(Clock::time_point deadline, Connected connected) {
  deadline_ = deadline;
  connected_ = std::move(connected);
  // An address needs no resolver, whose getaddrinfo runs on a thread that cannot be interrupted.
  error_code error;
  const auto address = boost::asio::ip::make_address(endpoint_.host, error);
  const int port = std::atoi(endpoint_.port.c_str());
  if (error) return Resolve();
  addresses_ = {{address, static_cast<unsigned short>(port)}};
  TryNext();
}

void Dialer::Resolve() {
  timer_.expires_at(deadline_);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error && self->connected_) self->Fail("ResolveFailed", "no answer from DNS in time");
  });
  resolver_.async_resolve(
      endpoint_.host, endpoint_.port, tcp::resolver::numeric_service,
      [self = shared_from_this()](const error_code& error, const auto& results) {
        if (!self->connected_) return;
        if (error) return self->Fail("ResolveFailed", error.message());
        for (const auto& result : results) self->addresses_.push_back(result.endpoint());
        std::reverse(self->addresses_.begin(), self->addresses_.end());
        self->TryNext();
      });
}

void Dialer::TryNext() {
  if (cancelled_) return Fail("Cancelled", "given up");
  const auto now = Clock::now();
  if (addresses_.empty() || now >= deadline_) {
    return Fail("ConnectFailed", failures_.empty() ? "no time left" : failures_);
  }
  const tcp::endpoint address = addresses_.back();
  const auto share = (deadline_ - now) / static_cast<int>(addresses_.size());
  addresses_.pop_back();
  error_code error;
  socket_.close(error);
  socket_.open(address.protocol(), error);
  if (error) return Fail("ConnectFailed", error.message());
  ConfigureSocket(socket_.native_handle());
  timer_.expires_after(share);
  timer_.async_wait([self = shared_from_this()](const error_code& wait_error) {
    error_code ignored;
    if (!wait_error) self->socket_.close(ignored);
  });
  socket_.async_connect(address, [self = shared_from_this(), address](const error_code& result) {
    self->OnConnect(address, result);
  });
}

void Dialer::OnConnect(const tcp::endpoint& address, error_code error) {
  timer_.cancel();
  // The timer or Cancel may have closed the socket after the connection was made.
  if (!error && !socket_.is_open()) error = boost::asio::error::operation_aborted;
  if (!error) return std::exchange(connected_, nullptr)(std::move(socket_));
  const bool late = error == boost::asio::error::operation_aborted;
  failures_ += (failures_.empty() ? "" : "; ") + address.address().to_string() + ": " +
               (late ? "no answer in time" : error.message());
  TryNext();
}

void Dialer::Fail(const char* reason, const std::string& what) {
  timer_.cancel();
  resolver_.cancel();
  std::exchange(connected_, nullptr)(
      base::MakeError(base::ErrorCode::kConnection, reason,
                      "cannot connect to " + endpoint_.ToString() + ": " + what));
}

void Dialer::Cancel() {
  cancelled_ = true;
  error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
}

}  // namespace transport
