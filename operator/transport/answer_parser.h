#pragma once

// HTTP/1.1 answers from bytes. Sans I/O: whoever owns a socket feeds it. One object per answer; not
// thread-safe.

#include <cstdint>
#include <memory>
#include <string_view>

#include "operator/base/result.h"
#include "operator/transport/transport.h"

namespace transport {

// What the bytes turn out to be. Informational answers (1xx) are skipped.
class AnswerReceiver {
 public:
  virtual ~AnswerReceiver() = default;
  virtual void OnAnswerHead(int status, Headers headers) = 0;
  virtual void OnAnswerBody(std::string_view bytes) = 0;
};

struct AnswerLimits {
  std::uint32_t header_bytes = 64u << 10;
  std::uint64_t body_bytes = 0;
};

class AnswerParser {
 public:
  // `receiver` outlives the parser.
  AnswerParser(AnswerLimits limits, AnswerReceiver& receiver);
  ~AnswerParser();

  // kTooLarge or kProtocol when the connection is of no more use.
  base::Status Feed(std::string_view bytes);

  // The peer has closed: OK if that is how the answer ends.
  base::Status FeedEnd();

  bool started() const;    // a byte has been seen
  bool head_done() const;  // OnAnswerHead was called
  bool done() const;
  // Of an answer that is done: nothing but this answer came, and the connection may carry another
  // request.
  bool reusable() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace transport
