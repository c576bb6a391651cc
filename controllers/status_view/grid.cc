#include "controllers/status_view/grid.h"

#include <algorithm>
#include <utility>

#include "operator/base/text.h"

namespace disagg::status_view {
namespace {

constexpr std::size_t kGap = 3;

// Characters as a terminal counts them; wide ones are rare enough in names of Kubernetes to be
// ignored.
std::size_t Width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

const char* Escape(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kWaiting:
      return "\x1b[33m";
    case Tone::kBad:
      return "\x1b[31m";
  }
  return "";
}

// A row with what stands before it: the branches of a tree.
struct Line {
  std::string prefix;
  std::size_t depth = 0;
  Row row;
};

using Widths = std::vector<std::size_t>;

void Widen(const Line& line, Widths* widths) {
  for (std::size_t i = 0; i < line.row.size(); ++i) {
    if (widths->size() <= i) widths->push_back(0);
    const std::size_t before = i == 0 ? Width(line.prefix) : 0;
    (*widths)[i] = std::max((*widths)[i], before + Width(line.row[i].text));
  }
}

std::string Draw(const Line& line, const Widths& widths, const Style& style) {
  std::string drawn = line.prefix;
  std::size_t padding = 0;  // owed; never written at the end of a line
  std::size_t used = Width(line.prefix);
  for (std::size_t i = 0; i < line.row.size(); ++i) {
    const Cell& cell = line.row[i];
    if (!cell.text.empty()) {
      drawn.append(padding, ' ');
      padding = 0;
      const bool coloured = style.colour && cell.tone != Tone::kPlain;
      drawn += coloured ? Escape(cell.tone) + cell.text + "\x1b[0m" : cell.text;
    }
    // A column that is empty in every row takes no space.
    if (widths[i] > 0) padding += widths[i] - used - Width(cell.text) + kGap;
    used = 0;
  }
  return drawn + "\n";
}

std::string DrawAll(std::vector<Line> lines, const Style& style) {
  std::vector<Widths> widths;
  for (Line& line : lines) {
    for (Cell& cell : line.row) cell.text = base::Printable(cell.text);
    if (widths.size() <= line.depth) widths.resize(line.depth + 1);
    Widen(line, &widths[line.depth]);
  }
  std::string drawn;
  for (const Line& line : lines) drawn += Draw(line, widths[line.depth], style);
  return drawn;
}

void Flatten(const Branch& branch, const std::string& indent, std::size_t depth, const Style& style,
             std::vector<Line>* lines) {
  for (std::size_t i = 0; i < branch.children.size(); ++i) {
    const bool last = i + 1 == branch.children.size();
    const char* fork = last ? (style.ascii ? "`- " : "└─ ") : (style.ascii ? "|- " : "├─ ");
    const char* trunk = last ? "   " : (style.ascii ? "|  " : "│  ");
    lines->push_back({indent + fork, depth, branch.children[i].row});
    Flatten(branch.children[i], indent + trunk, depth + 1, style, lines);
  }
}

}  // namespace

std::string RenderTree(const Branch& root, const Style& style) {
  std::vector<Line> lines{{"", 0, root.row}};
  Flatten(root, "", 1, style, &lines);
  return DrawAll(std::move(lines), style);
}

std::string RenderTable(const std::vector<Row>& rows, const Style& style) {
  std::vector<Line> lines;
  lines.reserve(rows.size());
  for (const Row& row : rows) lines.push_back({"", 0, row});
  return DrawAll(std::move(lines), style);
}

}  // namespace disagg::status_view
