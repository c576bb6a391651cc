#pragma once

// Texts that lie in a cache by the thousand and are read now and then: the JSON of children, of a
// status, of a template. Each is kept as an LZ4 block that may refer to a pattern, the first texts
// of its kind: objects of one kind differ in a few names and UIDs, and take a tenth of their text.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "operator/base/mutex.h"
#include "operator/base/thread_annotations.h"

namespace kube {

// A plain value; immutable, so it may be read from any thread.
class PackedText {
 public:
  PackedText() = default;  // ""

  std::string Unpack() const;
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }  // of the text, in bytes
  std::size_t packed_size() const { return block_.size(); }

 private:
  friend class TextPacker;

  std::shared_ptr<const std::string> pattern_;  // what `block_` refers to; may be null
  std::string block_;
  std::size_t size_ = 0;
};

// Packs the texts of one kind. Thread-safe. Texts outlive their packer.
class TextPacker {
 public:
  // Of a kind with many shapes no more than this is remembered; the rest is packed less well.
  static constexpr std::size_t kMaxPattern = 16 << 10;

  PackedText Pack(std::string_view text);

 private:
  using Pattern = std::shared_ptr<const std::string>;

  Pattern pattern() const;
  // `text` was not like `pattern`: what comes next may be like it.
  void Learn(const Pattern& pattern, std::string_view text);

  mutable base::Mutex mutex_;
  Pattern pattern_ GUARDED_BY(mutex_);
};

}  // namespace kube
