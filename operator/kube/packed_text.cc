#include "operator/kube/packed_text.h"

#include <utility>

#include <lz4.h>

namespace kube {
namespace {

// A text that is like its pattern takes less than a quarter of its size.
bool FitsBadly(std::size_t packed, std::size_t size) { return packed * 4 > size; }

std::string Compress(std::string_view text, const std::string* pattern) {
  LZ4_stream_t stream;
  LZ4_initStream(&stream, sizeof stream);
  if (pattern != nullptr) {
    LZ4_loadDict(&stream, pattern->data(), static_cast<int>(pattern->size()));
  }
  std::string block(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(text.size()))), 0);
  const int packed =
      LZ4_compress_fast_continue(&stream, text.data(), block.data(), static_cast<int>(text.size()),
                                 static_cast<int>(block.size()), 1);
  return block.substr(0, static_cast<std::size_t>(packed));  // in memory of its own size
}

}  // namespace

std::string PackedText::Unpack() const {
  std::string text(size_, 0);
  if (size_ == 0) return text;
  const std::string_view pattern = pattern_ == nullptr ? std::string_view() : *pattern_;
  LZ4_decompress_safe_usingDict(block_.data(), text.data(), static_cast<int>(block_.size()),
                                static_cast<int>(text.size()), pattern.data(),
                                static_cast<int>(pattern.size()));
  return text;
}

PackedText TextPacker::Pack(std::string_view text) {
  PackedText packed;
  if (text.empty()) return packed;
  packed.pattern_ = pattern();
  packed.block_ = Compress(text, packed.pattern_.get());
  packed.size_ = text.size();
  if (FitsBadly(packed.block_.size(), text.size())) Learn(packed.pattern_, text);
  return packed;
}

TextPacker::Pattern TextPacker::pattern() const {
  base::MutexLock lock(mutex_);
  return pattern_;
}

void TextPacker::Learn(const Pattern& pattern, std::string_view text) {
  const std::size_t known = pattern == nullptr ? 0 : pattern->size();
  if (known + text.size() > kMaxPattern) return;
  std::string grown = pattern == nullptr ? std::string() : *pattern;
  grown += text;
  base::MutexLock lock(mutex_);
  if (pattern_ == pattern) pattern_ = std::make_shared<const std::string>(std::move(grown));
}

}  // namespace kube
