#pragma once

// A server that does what a test tells it, however wrong: TLS or plain TCP on a port of this
// machine, one thread per connection, which runs a script. What the clients did is counted.

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "tests/support/test_certificates.h"

namespace disagg::testing {

// One accepted connection. Used by the thread that runs its script; it is closed when the script
// returns.
class PeerConnection {
 public:
  virtual ~PeerConnection() = default;

  // The next request, head and body; nothing when the client has closed.
  virtual std::optional<std::string> ReadRequest() = 0;
  // False when the client has closed.
  virtual bool Write(std::string_view bytes) = 0;
  // A TLS record of its own for each piece.
  void WriteInPieces(std::string_view bytes, std::size_t piece);
  // Ends our direction as it should be: with close_notify, if over TLS, and FIN.
  virtual void Finish() = 0;
  // Resets the connection.
  virtual void Abort() = 0;
  // Until the client has closed, or `timeout`.
  virtual bool WaitForClose(std::chrono::milliseconds timeout) = 0;
  // The common name of the client's certificate; "" without one.
  virtual std::string client_name() const = 0;
  // 0 for the first connection of the peer.
  virtual int number() const = 0;
};

struct PeerOptions {
  bool tls = true;
  bool ipv6 = false;
  TestKeyPair certificate;
  std::string client_ca_pem;  // a client certificate is required when set
};

class MisbehavingPeer {
 public:
  using Script = std::function<void(PeerConnection&)>;

  MisbehavingPeer(const PeerOptions& options, Script script);
  ~MisbehavingPeer();

  int port() const;
  int connections() const;       // accepted
  int open_connections() const;  // scripts that run now
  int most_connections() const;  // that ever ran at once
  int requests() const;          // that were read
  int failed_handshakes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// An answer with a Content-Length.
std::string Answer(int status, const std::string& body, const std::string& more_headers = "");

// Answers every request with `body`.
MisbehavingPeer::Script AlwaysAnswer(std::string body);

}  // namespace disagg::testing
