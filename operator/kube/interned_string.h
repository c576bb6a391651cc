#pragma once

// A text of which the process holds one copy, however many objects in the caches name it: labels,
// owners. Copying one copies a pointer; comparing two compares pointers. A text goes when the last
// that names it goes. Thread-safe as a shared_ptr is. (Boost.Flyweight does the same, at more than
// a second of compile time for every file that includes object.h.)

#include <memory>
#include <string>
#include <string_view>

namespace kube {

class InternedString {
 public:
  InternedString();  // ""
  explicit InternedString(std::string_view text);

  const std::string& get() const { return *text_; }
  // NOLINTNEXTLINE(google-explicit-constructor): reads as the text
  operator const std::string&() const { return *text_; }
  bool empty() const { return text_->empty(); }

  friend bool operator==(const InternedString& a, const InternedString& b) {
    return a.text_ == b.text_;
  }
  friend bool operator==(const InternedString& a, std::string_view b) { return *a.text_ == b; }

 private:
  std::shared_ptr<const std::string> text_;  // never null
};

}  // namespace kube
